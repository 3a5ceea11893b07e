// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @title Who the workers are
/// @notice Maps a worker's key (one secp256k1 key: libp2p PeerId and EVM address) to the address that its pay goes to.
/// Anyone may submit a registration that a worker signed, so a worker needs no funds. There is no owner and no removal.
interface IWorkerRegistry {
    /// @notice What a worker hands out so that somebody registers it.
    struct Registration {
        /// SEC1 public key, 33 bytes compressed or 65 bytes uncompressed.
        bytes publicKey;
        /// Where the worker's pay goes; never the zero address.
        address payout;
        /// 65-byte EIP-712 signature by the key over `Possession(address worker,address payout)`.
        bytes possession;
    }

    /// @notice A worker is known from now on.
    /// @param worker EVM address of the worker's key
    /// @param payout where its pay goes
    /// @param peerId libp2p PeerId of the same key, 39 bytes
    event WorkerRegistered(address indexed worker, address payout, bytes peerId);

    /// @notice The worker moved its pay to another address.
    event PayoutChanged(address indexed worker, address payout, uint256 nonce);

    /// @notice The address is registered already; its payout changes by `changePayout` only.
    error WorkerKnown(address worker);
    /// @notice No such worker.
    error WorkerUnknown(address worker);
    /// @notice The signature was made by `recovered`, not by the worker (or over other values, chain or contract).
    error SignerWrong(address worker, address recovered);
    /// @notice Pay can't go to the zero address.
    error PayoutZero(address worker);
    /// @notice The signature was good until `deadline` (Unix seconds).
    error SignatureExpired(uint256 deadline);

    /// @notice Registers one worker. Reverts if it is known.
    /// @return worker the EVM address of its key
    function register(Registration calldata registration) external returns (address worker);

    /// @notice Registers many workers, passing over those that are known: nobody can spoil a batch by being first.
    /// @return added how many were new
    function registerBatch(Registration[] calldata registrations) external returns (uint256 added);

    /// @notice Moves a worker's pay to another address, by the worker's own word.
    /// @param signature EIP-712, over `PayoutChange(address worker,address payout,uint256 nonce,uint256 deadline)` with the
    /// worker's current nonce
    /// @param deadline last Unix second at which the signature is good
    function changePayout(address worker, address payout, uint256 deadline, bytes calldata signature) external;

    /// @notice Whether the worker is registered.
    function isRegistered(address worker) external view returns (bool);

    /// @notice Where the worker's pay goes. Reverts for an unknown worker.
    function payoutOf(address worker) external view returns (address);

    /// @notice The bytes of the worker's libp2p PeerId, 39 of them. Reverts for an unknown worker.
    function peerIdOf(address worker) external view returns (bytes memory);

    /// @notice The number that the worker's next payout change must carry.
    function nonceOf(address worker) external view returns (uint256);

    /// @notice What a worker signs to prove that it holds its key.
    function possessionDigest(address worker, address payout) external view returns (bytes32);

    /// @notice What a worker signs to move its pay.
    function payoutChangeDigest(address worker, address payout, uint256 nonce, uint256 deadline)
        external
        view
        returns (bytes32);
}
