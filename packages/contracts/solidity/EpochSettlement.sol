// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEpochSettlement} from "./interfaces/IEpochSettlement.sol";
import {IJobEscrow} from "./interfaces/IJobEscrow.sol";
import {IWorkerRegistry} from "./interfaces/IWorkerRegistry.sol";
import {SettlementLeaf} from "./libraries/SettlementLeaf.sol";
import {StatementSignatures} from "./StatementSignatures.sol";
import {JobId} from "./types/JobId.sol";

/// @title Who has earned what
/// @dev `Progress.epochs` counts the epochs that stand. A challenge lowers it to the epoch that it shows to be wrong and
/// freezes the job, so that an epoch's number always names one statement and "void" is simply "not below `epochs`".
contract EpochSettlement is StatementSignatures, ReentrancyGuardTransient {
    using SafeCast for uint256;

    /// @inheritdoc IEpochSettlement
    IJobEscrow public immutable escrow;
    /// @inheritdoc IEpochSettlement
    IWorkerRegistry public immutable registry;

    mapping(JobId => Progress) private _progress;
    mapping(JobId => mapping(uint64 epoch => Epoch)) private _epochs;
    mapping(JobId => mapping(address worker => bool)) private _enrolled;
    mapping(JobId => mapping(address worker => uint256)) private _paid;

    constructor(IJobEscrow escrow_, IWorkerRegistry registry_) {
        escrow = escrow_;
        registry = registry_;
    }

    /// @inheritdoc IEpochSettlement
    function enroll(JobId jobId, address[] calldata workers, bytes calldata signature) external {
        _requireCoordinator(_termsOf(jobId).coordinator, enrolmentDigest(jobId, workers), signature);
        for (uint256 i; i < workers.length; ++i) {
            if (!registry.isRegistered(workers[i])) revert IWorkerRegistry.WorkerUnknown(workers[i]);
            if (_enrolled[jobId][workers[i]]) continue;
            _enrolled[jobId][workers[i]] = true;
            emit WorkerEnrolled(jobId, workers[i]);
        }
    }

    /// @inheritdoc IEpochSettlement
    function postEpoch(Statement calldata statement, bytes calldata signature, bytes[] calldata attestations) external {
        JobId jobId = statement.jobId;
        IJobEscrow.JobTerms memory terms = _termsOf(jobId);
        Progress storage progress = _running(jobId);
        if (block.timestamp >= terms.deadline) revert DeadlinePassed(jobId, terms.deadline);
        if (statement.epoch != progress.epochs) revert EpochOutOfOrder(progress.epochs, statement.epoch);
        if (statement.root == 0) revert RootZero();
        uint256 earned = earnedOf(jobId);
        if (statement.total < earned) revert TotalDecreased(statement.total, earned);
        if (statement.total > terms.budget) revert TotalAboveDeposit(statement.total, terms.budget);
        _requireSupported(statement, terms, signature, attestations);

        uint64 maturesAt = block.timestamp.toUint64() + terms.challengeWindow;
        _epochs[jobId][statement.epoch] = Epoch(statement.root, statement.total, maturesAt);
        progress.epochs = statement.epoch + 1;
        emit EpochPosted(jobId, statement.epoch, statement.root, statement.total, maturesAt);
    }

    /// @inheritdoc IEpochSettlement
    function challengeContradiction(Statement calldata other, bytes calldata signature, bytes[] calldata attestations)
        external
    {
        Epoch storage posted = _pending(other.jobId, other.epoch);
        if (posted.root == other.root && posted.total == other.total) revert NoContradiction();
        _requireSupported(other, _termsOf(other.jobId), signature, attestations);
        _freeze(other.jobId, other.epoch, posted.root);
    }

    /// @inheritdoc IEpochSettlement
    function challengeDecrease(
        JobId jobId,
        uint64 epoch,
        Claim calldata later,
        uint64 earlierEpoch,
        Claim calldata earlier
    ) external {
        Epoch storage posted = _pending(jobId, epoch);
        if (earlierEpoch >= epoch) revert EpochOutOfOrder(epoch, earlierEpoch);
        if (later.worker != earlier.worker || later.cumulative >= earlier.cumulative) {
            revert NoDecrease(earlier.cumulative, later.cumulative);
        }
        _requireLeaf(jobId, posted.root, later);
        _requireLeaf(jobId, _epochs[jobId][earlierEpoch].root, earlier);
        _freeze(jobId, epoch, posted.root);
    }

    /// @inheritdoc IEpochSettlement
    function claim(JobId jobId, uint64 epoch, Claim[] calldata claims) external nonReentrant returns (uint256 amount) {
        Epoch storage matured = _standing(jobId, epoch);
        if (block.timestamp < matured.maturesAt) revert EpochPending(jobId, epoch, matured.maturesAt);
        IJobEscrow.Payment[] memory payments = new IJobEscrow.Payment[](claims.length);
        uint256 count;
        for (uint256 i; i < claims.length; ++i) {
            _requireLeaf(jobId, matured.root, claims[i]);
            uint128 due = _settle(jobId, claims[i]);
            if (due == 0) continue;
            address payout = registry.payoutOf(claims[i].worker);
            payments[count++] = IJobEscrow.Payment(payout, due);
            amount += due;
            emit Claimed(jobId, claims[i].worker, payout, due, claims[i].cumulative);
        }
        if (count == 0) return 0;
        _countPaid(jobId, amount, matured.total);
        escrow.pay(jobId, _first(payments, count));
    }

    /// @inheritdoc IEpochSettlement
    function close(JobId jobId, uint64 epochs, bytes calldata signature)
        external
        nonReentrant
        returns (uint256 amount)
    {
        Progress storage progress = _running(jobId);
        _requireCoordinator(_termsOf(jobId).coordinator, closeDigest(jobId, epochs), signature);
        if (epochs != progress.epochs) revert EpochOutOfOrder(progress.epochs, epochs);
        if (epochs > 0) {
            uint256 maturesAt = _epochs[jobId][epochs - 1].maturesAt;
            if (block.timestamp < maturesAt) revert EpochPending(jobId, epochs - 1, maturesAt);
        }
        progress.closed = true;
        amount = _unearned(jobId);
        emit JobClosed(jobId, epochs, earnedOf(jobId), amount);
        if (amount > 0) escrow.refund(jobId, amount.toUint128());
    }

    /// @inheritdoc IEpochSettlement
    function refund(JobId jobId) external nonReentrant returns (uint256 amount) {
        uint256 deadline = _termsOf(jobId).deadline;
        if (block.timestamp < deadline) revert DeadlineAhead(jobId, deadline);
        amount = _unearned(jobId);
        if (amount == 0) revert NothingToRefund(jobId);
        escrow.refund(jobId, amount.toUint128());
    }

    /// @inheritdoc IEpochSettlement
    function earnedOf(JobId jobId) public view returns (uint256) {
        uint64 epochs = _progress[jobId].epochs;
        return epochs == 0 ? 0 : _epochs[jobId][epochs - 1].total;
    }

    /// @inheritdoc IEpochSettlement
    function progressOf(JobId jobId) external view returns (Progress memory) {
        return _progress[jobId];
    }

    /// @inheritdoc IEpochSettlement
    function epochOf(JobId jobId, uint64 epoch) external view returns (Epoch memory) {
        return _standing(jobId, epoch);
    }

    /// @inheritdoc IEpochSettlement
    function paidOf(JobId jobId, address worker) external view returns (uint256) {
        return _paid[jobId][worker];
    }

    /// @inheritdoc IEpochSettlement
    function isEnrolled(JobId jobId, address worker) public view override returns (bool) {
        return _enrolled[jobId][worker];
    }

    /// @inheritdoc IEpochSettlement
    function leafOf(JobId jobId, address worker, uint128 cumulative) public view returns (bytes32) {
        return SettlementLeaf.hash(address(this), jobId, worker, cumulative);
    }

    /// @dev What the worker has earned and was not paid, wei; counts it as paid. An older root than the last one claimed
    /// on owes nothing.
    function _settle(JobId jobId, Claim calldata leaf) private returns (uint128 due) {
        uint256 before = _paid[jobId][leaf.worker];
        if (leaf.cumulative <= before) return 0;
        _paid[jobId][leaf.worker] = leaf.cumulative;
        return (leaf.cumulative - before).toUint128();
    }

    /// @dev Leaves that add up to more than their total stop here, before they reach what others have earned.
    function _countPaid(JobId jobId, uint256 amount, uint128 total) private {
        Progress storage progress = _progress[jobId];
        if (total > progress.claimable) progress.claimable = total;
        uint256 paid = progress.paid + amount;
        if (paid > progress.claimable) revert TotalExceeded(paid, progress.claimable);
        progress.paid = paid.toUint128();
    }

    function _freeze(JobId jobId, uint64 epoch, bytes32 root) private {
        Progress storage progress = _progress[jobId];
        progress.epochs = epoch;
        progress.frozen = true;
        emit EpochFrozen(jobId, epoch, root);
    }

    function _requireSupported(
        Statement calldata statement,
        IJobEscrow.JobTerms memory terms,
        bytes calldata signature,
        bytes[] calldata attestations
    ) private view {
        _requireCoordinator(terms.coordinator, epochDigest(statement), signature);
        _requireQuorum(statement, terms.quorum, attestations);
    }

    function _requireLeaf(JobId jobId, bytes32 root, Claim calldata leaf) private view {
        bytes32 hash = leafOf(jobId, leaf.worker, leaf.cumulative);
        if (!MerkleProof.verifyCalldata(leaf.proof, root, hash)) revert ProofInvalid(leaf.worker, leaf.cumulative);
    }

    /// @dev Deposited less refunded less earned, wei. It can't be negative: totals stay within the deposit, and refunds
    /// start only when no total can rise any more.
    function _unearned(JobId jobId) private view returns (uint256) {
        IJobEscrow.Totals memory totals = escrow.totalsOf(jobId);
        return totals.deposited - totals.refunded - earnedOf(jobId);
    }

    function _termsOf(JobId jobId) private view returns (IJobEscrow.JobTerms memory terms) {
        terms = escrow.termsOf(jobId);
        if (terms.settlement != address(this)) revert SettlementElsewhere(jobId, terms.settlement);
    }

    function _running(JobId jobId) private view returns (Progress storage progress) {
        progress = _progress[jobId];
        if (progress.frozen) revert JobIsFrozen(jobId);
        if (progress.closed) revert JobIsClosed(jobId);
    }

    function _standing(JobId jobId, uint64 epoch) private view returns (Epoch storage) {
        if (epoch >= _progress[jobId].epochs) revert EpochUnknown(jobId, epoch);
        return _epochs[jobId][epoch];
    }

    function _pending(JobId jobId, uint64 epoch) private view returns (Epoch storage posted) {
        posted = _standing(jobId, epoch);
        if (block.timestamp >= posted.maturesAt) revert EpochMatured(jobId, epoch, posted.maturesAt);
    }

    function _first(IJobEscrow.Payment[] memory payments, uint256 count)
        private
        pure
        returns (IJobEscrow.Payment[] memory)
    {
        if (count == payments.length) return payments;
        IJobEscrow.Payment[] memory kept = new IJobEscrow.Payment[](count);
        for (uint256 i; i < count; ++i) {
            kept[i] = payments[i];
        }
        return kept;
    }
}
