// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {Secp256k1Key} from "./libraries/Secp256k1Key.sol";

/// @title Who the workers are
/// @dev A possession signature never expires and needs no nonce: it can only ever be used once, since a known worker is
/// never registered again, and the domain binds it to this chain and this contract.
contract WorkerRegistry is IWorkerRegistry, EIP712 {
    struct Worker {
        uint256 x;
        address payout;
        uint8 prefix;
        uint64 nonce;
    }

    bytes32 private constant POSSESSION = keccak256("Possession(address worker,address payout)");
    bytes32 private constant PAYOUT_CHANGE =
        keccak256("PayoutChange(address worker,address payout,uint256 nonce,uint256 deadline)");

    mapping(address worker => Worker) private _workers;

    constructor() EIP712("Murmuration WorkerRegistry", "1") {}

    /// @inheritdoc IWorkerRegistry
    function register(Registration calldata registration) external returns (address worker) {
        bool added;
        (worker, added) = _register(registration);
        if (!added) revert WorkerKnown(worker);
    }

    /// @inheritdoc IWorkerRegistry
    function registerBatch(Registration[] calldata registrations) external returns (uint256 added) {
        for (uint256 i; i < registrations.length; ++i) {
            (, bool isNew) = _register(registrations[i]);
            if (isNew) ++added;
        }
    }

    /// @inheritdoc IWorkerRegistry
    function changePayout(address worker, address payout, uint256 deadline, bytes calldata signature) external {
        Worker storage record = _known(worker);
        if (payout == address(0)) revert PayoutZero(worker);
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        uint64 nonce = record.nonce++;
        _requireSigned(worker, payoutChangeDigest(worker, payout, nonce, deadline), signature);
        record.payout = payout;
        emit PayoutChanged(worker, payout, nonce);
    }

    /// @inheritdoc IWorkerRegistry
    function isRegistered(address worker) public view returns (bool) {
        return _workers[worker].payout != address(0);
    }

    /// @inheritdoc IWorkerRegistry
    function payoutOf(address worker) external view returns (address) {
        return _known(worker).payout;
    }

    /// @inheritdoc IWorkerRegistry
    function peerIdOf(address worker) external view returns (bytes memory) {
        Worker storage record = _known(worker);
        return Secp256k1Key.peerId(Secp256k1Key.Key(record.x, record.prefix));
    }

    /// @inheritdoc IWorkerRegistry
    function nonceOf(address worker) external view returns (uint256) {
        return _known(worker).nonce;
    }

    /// @inheritdoc IWorkerRegistry
    function possessionDigest(address worker, address payout) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(POSSESSION, worker, payout)));
    }

    /// @inheritdoc IWorkerRegistry
    function payoutChangeDigest(address worker, address payout, uint256 nonce, uint256 deadline)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(PAYOUT_CHANGE, worker, payout, nonce, deadline)));
    }

    /// @return worker the key's address
    /// @return added false if it was known, in which case nothing changed
    function _register(Registration calldata registration) private returns (address worker, bool added) {
        Secp256k1Key.Key memory key;
        (key, worker) = Secp256k1Key.parse(registration.publicKey);
        if (isRegistered(worker)) return (worker, false);
        if (registration.payout == address(0)) revert PayoutZero(worker);
        _requireSigned(worker, possessionDigest(worker, registration.payout), registration.possession);
        _workers[worker] = Worker({x: key.x, payout: registration.payout, prefix: key.prefix, nonce: 0});
        emit WorkerRegistered(worker, registration.payout, Secp256k1Key.peerId(key));
        return (worker, true);
    }

    function _known(address worker) private view returns (Worker storage record) {
        record = _workers[worker];
        if (record.payout == address(0)) revert WorkerUnknown(worker);
    }

    function _requireSigned(address worker, bytes32 digest, bytes calldata signature) private pure {
        address recovered = ECDSA.recoverCalldata(digest, signature);
        if (recovered != worker) revert SignerWrong(worker, recovered);
    }
}
