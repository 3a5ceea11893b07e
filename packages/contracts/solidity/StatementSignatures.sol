// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IEpochSettlement} from "./interfaces/IEpochSettlement.sol";
import {JobId} from "./types/JobId.sol";

/// @title What coordinators and auditors sign about a job
/// @dev The domain binds every signature to this chain and this contract; the type hashes keep a coordinator's statement
/// and an auditor's attestation apart even where one key is both.
abstract contract StatementSignatures is IEpochSettlement, EIP712 {
    bytes32 private constant ENROLMENT = keccak256("Enrolment(bytes32 jobId,address[] workers)");
    bytes32 private constant EPOCH = keccak256("Epoch(bytes32 jobId,uint64 epoch,bytes32 root,uint128 total)");
    bytes32 private constant ATTESTATION =
        keccak256("Attestation(bytes32 jobId,uint64 epoch,bytes32 root,uint128 total)");
    bytes32 private constant CLOSE = keccak256("Close(bytes32 jobId,uint64 epochs)");

    /// @dev More than the largest quorum is never needed; each costs a recovery.
    uint256 internal constant MAX_ATTESTATIONS = 32;

    constructor() EIP712("Murmuration EpochSettlement", "1") {}

    /// @inheritdoc IEpochSettlement
    function enrolmentDigest(JobId jobId, address[] calldata workers) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ENROLMENT, jobId, keccak256(abi.encodePacked(workers)))));
    }

    /// @inheritdoc IEpochSettlement
    function epochDigest(Statement calldata statement) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(EPOCH, statement)));
    }

    /// @inheritdoc IEpochSettlement
    function attestationDigest(Statement calldata statement) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(ATTESTATION, statement)));
    }

    /// @inheritdoc IEpochSettlement
    function closeDigest(JobId jobId, uint64 epochs) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(CLOSE, jobId, epochs)));
    }

    /// @inheritdoc IEpochSettlement
    function isEnrolled(JobId jobId, address worker) public view virtual returns (bool);

    /// @dev Reverts unless the coordinator made the signature.
    function _requireCoordinator(address coordinator, bytes32 digest, bytes calldata signature) internal pure {
        address recovered = ECDSA.recoverCalldata(digest, signature);
        if (recovered != coordinator) revert CoordinatorWrong(coordinator, recovered);
    }

    /// @dev Reverts unless at least `quorum` different members of the job attest the statement. Ascending order of
    /// signers shows that they differ.
    function _requireQuorum(Statement calldata statement, uint256 quorum, bytes[] calldata attestations) internal view {
        if (attestations.length < quorum) revert QuorumMissing(quorum, attestations.length);
        if (attestations.length > MAX_ATTESTATIONS) revert AttestationsTooMany(attestations.length, MAX_ATTESTATIONS);
        bytes32 digest = attestationDigest(statement);
        address previous;
        for (uint256 i; i < attestations.length; ++i) {
            address attestor = ECDSA.recoverCalldata(digest, attestations[i]);
            if (attestor <= previous) revert AttestorOutOfOrder(attestor);
            if (!isEnrolled(statement.jobId, attestor)) revert AttestorUnknown(statement.jobId, attestor);
            previous = attestor;
        }
    }
}
