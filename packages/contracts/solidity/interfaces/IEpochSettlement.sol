// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IJobEscrow} from "./IJobEscrow.sol";
import {IWorkerRegistry} from "./IWorkerRegistry.sol";
import {JobId} from "../types/JobId.sol";

/// @title Who has earned what
/// @notice An epoch is a run of rounds settled together. For each the coordinator signs one Merkle root over what every
/// worker has earned since the job began (cumulative, so only the latest counts), auditors attest it, and after the
/// challenge window anybody may submit claims, which pay the workers' payout addresses and nobody else. All functions may
/// be called by anybody: what counts are the signatures. Amounts are in the token's smallest unit ("wei").
///
/// A leaf is `keccak256(bytes.concat(keccak256(abi.encode(chainId, settlement, jobId, worker, cumulative))))`; nodes are
/// OpenZeppelin's commutative keccak256.
///
/// What a challenge can show here: that the same epoch was signed and attested twice with different contents, and that a
/// worker's cumulative went down. What it can't show: that a leaf is missing, that leaves are too high or too low for the
/// work done, or that leaves add up to another sum than `total` (claims stop at `total` all the same). Attestors check
/// these before they sign.
interface IEpochSettlement {
    /// @notice What a coordinator says about an epoch, and what auditors attest.
    struct Statement {
        JobId jobId;
        /// Epochs count from 0 without gaps.
        uint64 epoch;
        /// Merkle root over every worker's cumulative earnings.
        bytes32 root;
        /// Sum of these earnings, wei.
        uint128 total;
    }

    /// @notice A leaf of an epoch's tree with its proof.
    struct Claim {
        address worker;
        /// All that the worker has earned in this job up to the epoch, wei.
        uint128 cumulative;
        bytes32[] proof;
    }

    /// @notice A posted epoch.
    struct Epoch {
        bytes32 root;
        uint128 total;
        /// First Unix second at which the root pays.
        uint64 maturesAt;
    }

    /// @notice Where a job stands.
    struct Progress {
        /// How many epochs stand; the next one to post has this number.
        uint64 epochs;
        /// An epoch was shown to be wrong: it and those after it are void and no more are accepted.
        bool frozen;
        /// The coordinator ended the job.
        bool closed;
        /// What claims have paid, wei.
        uint128 paid;
        /// The highest total of a matured epoch that was claimed on, wei; `paid` never passes it.
        uint128 claimable;
    }

    event WorkerEnrolled(JobId indexed jobId, address indexed worker);
    event EpochPosted(JobId indexed jobId, uint64 indexed epoch, bytes32 root, uint128 total, uint64 maturesAt);
    /// @notice `epoch` and all after it are void; what stood before them still pays.
    event EpochFrozen(JobId indexed jobId, uint64 indexed epoch, bytes32 root);
    event Claimed(JobId indexed jobId, address indexed worker, address payout, uint256 amount, uint256 cumulative);
    event JobClosed(JobId indexed jobId, uint64 epochs, uint256 earned, uint256 refunded);

    /// @notice The job names another settlement contract.
    error SettlementElsewhere(JobId jobId, address settlement);
    /// @notice The job was closed by its coordinator.
    error JobIsClosed(JobId jobId);
    /// @notice The job was stopped by a challenge.
    error JobIsFrozen(JobId jobId);
    /// @notice From the deadline on no epoch is accepted.
    error DeadlinePassed(JobId jobId, uint256 deadline);
    /// @notice Before the deadline nothing is refunded unless the coordinator closes the job.
    error DeadlineAhead(JobId jobId, uint256 deadline);
    /// @notice The signature under the statement is not the coordinator's.
    error CoordinatorWrong(address expected, address recovered);
    /// @notice Epochs go one by one: `expected` is next.
    error EpochOutOfOrder(uint256 expected, uint256 given);
    /// @notice There is no such epoch, or it is void.
    error EpochUnknown(JobId jobId, uint256 epoch);
    /// @notice The epoch pays from `maturesAt` on.
    error EpochPending(JobId jobId, uint256 epoch, uint256 maturesAt);
    /// @notice The epoch can't be challenged any more.
    error EpochMatured(JobId jobId, uint256 epoch, uint256 maturedAt);
    /// @notice A root of zero bytes proves nothing.
    error RootZero();
    /// @notice What has been earned does not go down.
    error TotalDecreased(uint256 total, uint256 previous);
    /// @notice The epoch's total is more than was deposited.
    error TotalAboveDeposit(uint256 total, uint256 deposited);
    /// @notice Too few attestations.
    error QuorumMissing(uint256 required, uint256 given);
    /// @notice More attestations than any quorum needs.
    error AttestationsTooMany(uint256 given, uint256 most);
    /// @notice Attestations must stand in ascending order of their signers' addresses, each signer once.
    error AttestorOutOfOrder(address attestor);
    /// @notice The signer is not enrolled in the job (or signed other values).
    error AttestorUnknown(JobId jobId, address attestor);
    /// @notice The leaf is not in the epoch's tree.
    error ProofInvalid(address worker, uint256 cumulative);
    /// @notice The claims together are more than the epoch's total: the tree's leaves do not add up.
    error TotalExceeded(uint256 paid, uint256 total);
    /// @notice The two statements say the same.
    error NoContradiction();
    /// @notice The two leaves are of different workers, or the later one is not lower.
    error NoDecrease(uint256 earlier, uint256 later);
    /// @notice All that can be refunded has been.
    error NothingToRefund(JobId jobId);

    /// @notice Makes registered workers members of a job, so that they can attest its epochs. Members stay.
    /// @param signature coordinator's, over `Enrolment(bytes32 jobId,address[] workers)`
    function enroll(JobId jobId, address[] calldata workers, bytes calldata signature) external;

    /// @notice Posts the next epoch.
    /// @param signature coordinator's, over `Epoch(bytes32 jobId,uint64 epoch,bytes32 root,uint128 total)`
    /// @param attestations members', over `Attestation(bytes32 jobId,uint64 epoch,bytes32 root,uint128 total)`, in
    /// ascending order of signers
    function postEpoch(Statement calldata statement, bytes calldata signature, bytes[] calldata attestations) external;

    /// @notice Shows another statement about a pending epoch that is signed and attested as the posted one is: freezes it.
    /// @dev The second statement needs its quorum too. Else a coordinator could take back any attested epoch by signing
    /// a second one alone.
    function challengeContradiction(Statement calldata other, bytes calldata signature, bytes[] calldata attestations)
        external;

    /// @notice Shows that a pending epoch gives a worker less than an earlier one: freezes it.
    /// @param earlier leaf of `earlierEpoch`, which is before `epoch`
    /// @param later leaf of `epoch`, of the same worker with a lower cumulative
    function challengeDecrease(
        JobId jobId,
        uint64 epoch,
        Claim calldata later,
        uint64 earlierEpoch,
        Claim calldata earlier
    ) external;

    /// @notice Pays each worker what the matured epoch says it has earned less what it was paid. A claim that is paid
    /// already is passed over, so nobody can spoil a batch by claiming first.
    /// @return amount wei paid by this call
    function claim(JobId jobId, uint64 epoch, Claim[] calldata claims) external returns (uint256 amount);

    /// @notice Ends the job by the coordinator's word, once every epoch has matured; refunds what nobody has earned.
    /// Earned pay stays claimable for ever.
    /// @param epochs how many epochs there are, so that an old signature can't cut a job short
    /// @param signature coordinator's, over `Close(bytes32 jobId,uint64 epochs)`
    /// @return amount wei refunded
    function close(JobId jobId, uint64 epochs, bytes calldata signature) external returns (uint256 amount);

    /// @notice After the deadline: refunds what no standing epoch says is earned.
    /// @return amount wei refunded
    function refund(JobId jobId) external returns (uint256 amount);

    /// @notice Sum of what the standing epochs, pending ones too, say is earned, wei.
    function earnedOf(JobId jobId) external view returns (uint256);
    /// @notice Where the job stands.
    function progressOf(JobId jobId) external view returns (Progress memory);
    /// @notice A standing epoch. Reverts for one that is void or not there.
    function epochOf(JobId jobId, uint64 epoch) external view returns (Epoch memory);
    /// @notice What the worker was paid in this job, wei.
    function paidOf(JobId jobId, address worker) external view returns (uint256);
    /// @notice Whether the worker can attest the job's epochs.
    function isEnrolled(JobId jobId, address worker) external view returns (bool);
    /// @notice The leaf of a worker's cumulative earnings.
    function leafOf(JobId jobId, address worker, uint128 cumulative) external view returns (bytes32);
    /// @notice What the coordinator signs to enrol workers.
    function enrolmentDigest(JobId jobId, address[] calldata workers) external view returns (bytes32);
    /// @notice What the coordinator signs about an epoch.
    function epochDigest(Statement calldata statement) external view returns (bytes32);
    /// @notice What an auditor signs about an epoch.
    function attestationDigest(Statement calldata statement) external view returns (bytes32);
    /// @notice What the coordinator signs to end a job.
    function closeDigest(JobId jobId, uint64 epochs) external view returns (bytes32);
    /// @notice Where the money is.
    function escrow() external view returns (IJobEscrow);
    /// @notice Who the workers are.
    function registry() external view returns (IWorkerRegistry);
}
