// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IJobEscrow} from "./interfaces/IJobEscrow.sol";
import {JobId, JobIdLibrary} from "./types/JobId.sol";

/// @title The money of jobs
/// @dev The escrow knows nothing of epochs: it keeps one ledger a job and does what the job's settlement contract says,
/// within the ledger. A bad settlement contract can so hurt only the jobs that named it.
contract JobEscrow is IJobEscrow, ReentrancyGuardTransient {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    struct Job {
        JobTerms terms;
        address depositor;
        uint128 paid;
        uint128 refunded;
    }

    /// @inheritdoc IJobEscrow
    uint32 public constant MAX_CHALLENGE_WINDOW = 30 days;
    /// @inheritdoc IJobEscrow
    uint64 public constant MAX_DURATION = 3650 days;
    /// @inheritdoc IJobEscrow
    uint8 public constant MAX_QUORUM = 32;

    mapping(JobId => Job) private _jobs;

    /// @inheritdoc IJobEscrow
    function open(JobTerms calldata terms, bytes32 salt) external nonReentrant returns (JobId jobId) {
        _check(terms);
        jobId = jobIdOf(msg.sender, salt);
        Job storage job = _jobs[jobId];
        if (job.depositor != address(0)) revert JobExists(jobId);
        job.terms = terms;
        job.depositor = msg.sender;
        emit JobOpened(jobId, msg.sender, terms);
        _take(terms.token, terms.budget);
    }

    /// @inheritdoc IJobEscrow
    function pay(JobId jobId, Payment[] calldata payments) external nonReentrant {
        Job storage job = _settledBy(jobId, msg.sender);
        uint256 held = _held(job);
        uint256 sum;
        for (uint256 i; i < payments.length; ++i) {
            sum += payments[i].amount;
        }
        if (sum > held) revert HeldExceeded(jobId, sum, held);
        job.paid += sum.toUint128();
        IERC20 token = job.terms.token;
        for (uint256 i; i < payments.length; ++i) {
            emit Paid(jobId, payments[i].to, payments[i].amount);
            token.safeTransfer(payments[i].to, payments[i].amount);
        }
    }

    /// @inheritdoc IJobEscrow
    function refund(JobId jobId, uint128 amount) external nonReentrant {
        Job storage job = _settledBy(jobId, msg.sender);
        uint256 held = _held(job);
        if (amount > held) revert HeldExceeded(jobId, amount, held);
        job.refunded += amount;
        emit Refunded(jobId, job.depositor, amount);
        job.terms.token.safeTransfer(job.depositor, amount);
    }

    /// @inheritdoc IJobEscrow
    function termsOf(JobId jobId) external view returns (JobTerms memory) {
        return _known(jobId).terms;
    }

    /// @inheritdoc IJobEscrow
    function depositorOf(JobId jobId) external view returns (address) {
        return _known(jobId).depositor;
    }

    /// @inheritdoc IJobEscrow
    function totalsOf(JobId jobId) external view returns (Totals memory) {
        Job storage job = _known(jobId);
        return Totals({deposited: job.terms.budget, paid: job.paid, refunded: job.refunded, held: _held(job)});
    }

    /// @inheritdoc IJobEscrow
    function jobIdOf(address depositor, bytes32 salt) public view returns (JobId) {
        return JobIdLibrary.derive(address(this), depositor, salt);
    }

    function _check(JobTerms calldata terms) private view {
        if (terms.coordinator == address(0)) revert PartyInvalid(terms.coordinator);
        if (terms.settlement.code.length == 0) revert PartyInvalid(terms.settlement);
        if (terms.pricePerMicroBatch == 0 || terms.budget < terms.pricePerMicroBatch) {
            revert BudgetBelowPrice(terms.budget, terms.pricePerMicroBatch);
        }
        uint256 latest = block.timestamp + MAX_DURATION;
        if (terms.deadline <= block.timestamp || terms.deadline > latest) revert DeadlineInvalid(terms.deadline, latest);
        if (terms.challengeWindow > MAX_CHALLENGE_WINDOW) {
            revert ChallengeWindowTooLong(terms.challengeWindow, MAX_CHALLENGE_WINDOW);
        }
        if (terms.quorum > MAX_QUORUM) revert QuorumTooLarge(terms.quorum, MAX_QUORUM);
    }

    /// @dev A token that keeps a fee would leave other jobs to pay for it, so the balance decides.
    function _take(IERC20 token, uint256 amount) private {
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 received = token.balanceOf(address(this)) - before;
        if (received != amount) revert DepositIncomplete(amount, received);
    }

    function _known(JobId jobId) private view returns (Job storage job) {
        job = _jobs[jobId];
        if (job.depositor == address(0)) revert JobUnknown(jobId);
    }

    function _settledBy(JobId jobId, address caller) private view returns (Job storage job) {
        job = _known(jobId);
        if (job.terms.settlement != caller) revert SettlementOnly(jobId, caller);
    }

    function _held(Job storage job) private view returns (uint256) {
        return uint256(job.terms.budget) - job.paid - job.refunded;
    }
}
