// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {JobId} from "../types/JobId.sol";

/// @title The money of jobs
/// @notice Holds what engineers deposit. Money leaves only on the word of the settlement contract that the job named when
/// it was opened, and only to workers' payout addresses or back to the depositor. Amounts are in the token's smallest unit
/// ("wei"). For every job and at all times: deposited = paid + refunded + held.
interface IJobEscrow {
    /// @notice What an engineer offers. Fixed once the job is open.
    struct JobTerms {
        /// An ERC-20 that moves exactly the amount asked for: no fee on transfer, no rebasing.
        IERC20 token;
        /// Whose signature stands under epochs; it can't move money by itself.
        address coordinator;
        /// The contract on whose word money leaves.
        address settlement;
        /// Deposited when the job opens, wei.
        uint128 budget;
        /// The offer for one verified micro-batch, wei; auditors check leaves against it.
        uint128 pricePerMicroBatch;
        /// From this Unix second on no epoch is accepted and what is unearned can be refunded.
        uint64 deadline;
        /// How long a posted epoch can be challenged, seconds; 0 means that it matures at once.
        uint32 challengeWindow;
        /// How many auditors must attest an epoch; 0 leaves the workers with the coordinator's word.
        uint8 quorum;
    }

    /// @notice One transfer out of a job.
    struct Payment {
        address to;
        uint128 amount;
    }

    /// @notice Where a job's money is, wei.
    struct Totals {
        uint256 deposited;
        uint256 paid;
        uint256 refunded;
        uint256 held;
    }

    /// @notice A job is open and its whole budget is in the escrow.
    event JobOpened(JobId indexed jobId, address indexed depositor, JobTerms terms);
    /// @notice `amount` wei went to a worker's payout address.
    event Paid(JobId indexed jobId, address indexed to, uint256 amount);
    /// @notice `amount` wei went back to the depositor.
    event Refunded(JobId indexed jobId, address indexed depositor, uint256 amount);

    /// @notice The depositor opened a job with this salt before.
    error JobExists(JobId jobId);
    /// @notice No job has this id.
    error JobUnknown(JobId jobId);
    /// @notice A coordinator or settlement of the terms is the zero address or, for the settlement, no contract.
    error PartyInvalid(address party);
    /// @notice The price is zero, or the budget does not pay for one micro-batch.
    error BudgetBelowPrice(uint256 budget, uint256 price);
    /// @notice The deadline is past, or further away than `MAX_DURATION`.
    error DeadlineInvalid(uint256 deadline, uint256 latest);
    /// @notice The window is longer than `MAX_CHALLENGE_WINDOW`.
    error ChallengeWindowTooLong(uint256 window, uint256 longest);
    /// @notice The quorum is larger than `MAX_QUORUM`.
    error QuorumTooLarge(uint256 quorum, uint256 largest);
    /// @notice The token delivered another amount than it was asked for.
    error DepositIncomplete(uint256 asked, uint256 received);
    /// @notice Only the job's settlement contract moves its money.
    error SettlementOnly(JobId jobId, address caller);
    /// @notice The job does not hold that much.
    error HeldExceeded(JobId jobId, uint256 asked, uint256 held);

    /// @notice Opens a job and takes its budget from the caller, who must have approved it.
    /// @param salt tells the depositor's jobs apart
    /// @return jobId `jobIdOf(msg.sender, salt)`
    function open(JobTerms calldata terms, bytes32 salt) external returns (JobId jobId);

    /// @notice Pays workers. For the job's settlement contract only.
    function pay(JobId jobId, Payment[] calldata payments) external;

    /// @notice Gives `amount` wei back to the depositor. For the job's settlement contract only.
    function refund(JobId jobId, uint128 amount) external;

    /// @notice The terms of a job. Reverts for an unknown one.
    function termsOf(JobId jobId) external view returns (JobTerms memory);

    /// @notice Who deposited the budget. Reverts for an unknown job.
    function depositorOf(JobId jobId) external view returns (address);

    /// @notice Where the job's money is. Reverts for an unknown job.
    function totalsOf(JobId jobId) external view returns (Totals memory);

    /// @notice The id that a depositor's job with this salt has or would have.
    function jobIdOf(address depositor, bytes32 salt) external view returns (JobId);

    /// @notice The longest challenge window, seconds.
    function MAX_CHALLENGE_WINDOW() external view returns (uint32);
    /// @notice The furthest deadline, seconds from the opening.
    function MAX_DURATION() external view returns (uint64);
    /// @notice The largest quorum.
    function MAX_QUORUM() external view returns (uint8);
}
