// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {IJobEscrow} from "../solidity/interfaces/IJobEscrow.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";

/// @notice The actors of the invariant tests: coordinators that post, workers that claim, challengers, an engineer that
/// closes and refunds, thieves that try, and time that passes, all on three jobs of one escrow. Each action is one that
/// should succeed (or one that must fail, and fails the test when it does not); where it can't apply, it does nothing.
contract Market is Scenario {
    uint256 public constant WORKERS = 4;
    uint256 public constant BUDGET_OF_EACH = BUDGET;

    uint256 public immutable engineerHadLeft;

    JobId[] private jobs;
    /// @dev What the coordinator would post for each epoch of a job: one amount a worker.
    mapping(uint256 job => mapping(uint64 epoch => uint128[WORKERS])) private posted;
    /// @dev The highest epoch of a job known to have matured, plus one.
    mapping(uint256 job => uint64) private matured;

    constructor() {
        setUp();
        jobs.push(openJob("no window", 0, 1));
        jobs.push(openJob("an hour", WINDOW, 2));
        jobs.push(openJob("a week", 7 days, 0));
        engineerHadLeft = token.balanceOf(engineer);
    }

    // ── actions ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function passTime(uint256 duration) external {
        vm.warp(block.timestamp + bound(duration, 1, 4 hours));
        noteMatured();
    }

    function postEpoch(uint256 job, uint128[WORKERS] calldata more) external {
        job %= jobs.length;
        IEpochSettlement.Progress memory progress = settlement.progressOf(jobs[job]);
        if (progress.frozen || progress.closed || block.timestamp >= DEADLINE) return;
        uint128[WORKERS] memory amounts = lastOf(job, progress.epochs);
        uint256 left = BUDGET - settlement.earnedOf(jobs[job]);
        for (uint256 i; i < WORKERS; ++i) {
            uint128 extra = uint128(bound(more[i], 0, left / WORKERS));
            amounts[i] += extra;
            left -= extra;
        }
        posted[job][progress.epochs] = amounts;
        post(statementOf(jobs[job], progress.epochs, listOf(amounts)), 2);
        noteMatured();
    }

    function claim(uint256 job, uint64 epoch, uint256 worker) external {
        job %= jobs.length;
        if (matured[job] == 0) return;
        epoch %= matured[job];
        Earning[] memory list = listOf(posted[job][epoch]);
        IEpochSettlement.Claim[] memory claims = new IEpochSettlement.Claim[](1);
        claims[0] = claimOf(jobs[job], list, worker % WORKERS);
        settlement.claim(jobs[job], epoch, claims);
    }

    function challengeDecrease(uint256 job, uint256 worker, uint256 seldom) external {
        if (seldom % 8 != 0) return;
        job %= jobs.length;
        worker %= WORKERS;
        JobId jobId = jobs[job];
        IEpochSettlement.Progress memory progress = settlement.progressOf(jobId);
        if (progress.frozen || progress.closed || progress.epochs == 0 || block.timestamp >= DEADLINE) return;
        uint128[WORKERS] memory before = lastOf(job, progress.epochs);
        if (before[worker] == 0 || job == 0) return;
        // A dishonest coordinator moves one worker's earnings to another; the total stays.
        uint128[WORKERS] memory robbed = lastOf(job, progress.epochs);
        robbed[(worker + 1) % WORKERS] += robbed[worker];
        robbed[worker] = 0;
        post(statementOf(jobId, progress.epochs, listOf(robbed)), 2);
        settlement.challengeDecrease(
            jobId,
            progress.epochs,
            claimOf(jobId, listOf(robbed), worker),
            progress.epochs - 1,
            claimOf(jobId, listOf(before), worker)
        );
    }

    function challengeContradiction(uint256 job, uint64 epoch, uint256 seldom) external {
        if (seldom % 8 != 0) return;
        job %= jobs.length;
        JobId jobId = jobs[job];
        uint64 epochs = settlement.progressOf(jobId).epochs;
        if (epochs == 0) return;
        epoch %= epochs;
        if (block.timestamp >= settlement.epochOf(jobId, epoch).maturesAt) return;
        uint128[WORKERS] memory amounts = posted[job][epoch];
        amounts[0] += 1;
        IEpochSettlement.Statement memory other = statementOf(jobId, epoch, listOf(amounts));
        settlement.challengeContradiction(other, signedBy(COORDINATOR_KEY, other), attestedBy(2, other));
    }

    function closeJob(uint256 job, uint256 seldom) external {
        job %= jobs.length;
        IEpochSettlement.Progress memory progress = settlement.progressOf(jobs[job]);
        if (seldom % 8 != 0 || progress.frozen || progress.closed || matured[job] != progress.epochs) return;
        close(jobs[job], progress.epochs);
    }

    function refund(uint256 job) external {
        job %= jobs.length;
        if (block.timestamp < DEADLINE || unearnedOf(job) == 0) return;
        settlement.refund(jobs[job]);
    }

    /// @dev Whoever calls, with whatever amount: the escrow listens to the settlement only.
    function steal(uint256 job, address thief, uint128 amount) external {
        if (thief == address(settlement)) return;
        IJobEscrow.Payment[] memory payments = new IJobEscrow.Payment[](1);
        payments[0] = IJobEscrow.Payment(thief, amount);
        vm.prank(thief);
        (bool success,) = address(escrow).call(abi.encodeCall(escrow.pay, (jobs[job % jobs.length], payments)));
        assertTrue(!success, "a stranger was paid");
    }

    /// @dev A leaf of one job, claimed in another.
    function claimElsewhere(uint256 job, uint256 other, uint64 epoch, uint256 worker) external {
        (job, other) = (job % jobs.length, other % jobs.length);
        if (job == other || matured[job] == 0 || matured[other] == 0) return;
        epoch %= matured[job];
        IEpochSettlement.Claim[] memory claims = new IEpochSettlement.Claim[](1);
        claims[0] = claimOf(jobs[job], listOf(posted[job][epoch]), worker % WORKERS);
        bytes memory call = abi.encodeCall(settlement.claim, (jobs[other], epoch % matured[other], claims));
        (bool success,) = address(settlement).call(call);
        assertTrue(!success, "one job paid for another");
    }

    // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Long after every deadline and window: the engineer takes the rest, every worker claims.
    function payOutEverything() external {
        vm.warp(block.timestamp + 3650 days);
        noteMatured();
        for (uint256 job; job < jobs.length; ++job) {
            if (unearnedOf(job) > 0) settlement.refund(jobs[job]);
            uint64 epochs = settlement.progressOf(jobs[job]).epochs;
            if (epochs > 0) settlement.claim(jobs[job], epochs - 1, claimsOf(jobs[job], listOf(posted[job][epochs - 1])));
        }
    }

    // ── what the invariants ask ───────────────────────────────────────────────────────────────────────────────────────

    function jobCount() external view returns (uint256) {
        return jobs.length;
    }

    function totalsOf(uint256 job) public view returns (IJobEscrow.Totals memory) {
        return escrow.totalsOf(jobs[job]);
    }

    function earnedOf(uint256 job) external view returns (uint256) {
        return settlement.earnedOf(jobs[job]);
    }

    function progressPaidOf(uint256 job) external view returns (uint256) {
        return settlement.progressOf(jobs[job]).paid;
    }

    function paidOf(uint256 job, uint256 worker) external view returns (uint256) {
        return settlement.paidOf(jobs[job], vm.addr(workerKeys[worker]));
    }

    /// @dev What the worker has earned by the latest matured epoch.
    function maturedOf(uint256 job, uint256 worker) external view returns (uint256) {
        return lastOf(job, matured[job])[worker];
    }

    function maturedTotalOf(uint256 job) external view returns (uint256 total) {
        uint128[WORKERS] memory amounts = lastOf(job, matured[job]);
        for (uint256 i; i < WORKERS; ++i) total += amounts[i];
    }

    function sums() external view returns (uint256 paid, uint256 refunded, uint256 held) {
        for (uint256 i; i < jobs.length; ++i) {
            IJobEscrow.Totals memory totals = totalsOf(i);
            (paid, refunded, held) = (paid + totals.paid, refunded + totals.refunded, held + totals.held);
        }
    }

    function balanceOfEscrow() external view returns (uint256) {
        return token.balanceOf(address(escrow));
    }

    function balanceOfEngineer() external view returns (uint256) {
        return token.balanceOf(engineer);
    }

    function balanceOfPayouts() external view returns (uint256 sum) {
        for (uint256 i; i < WORKERS; ++i) sum += token.balanceOf(payoutOf(workerKeys[i]));
    }

    // ── bookkeeping ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Kept apart from the contract's own state: once matured, an epoch must stand whatever comes.
    function noteMatured() private {
        for (uint256 job; job < jobs.length; ++job) {
            uint64 epochs = settlement.progressOf(jobs[job]).epochs;
            while (matured[job] < epochs && settlement.epochOf(jobs[job], matured[job]).maturesAt <= block.timestamp) {
                ++matured[job];
            }
        }
    }

    function unearnedOf(uint256 job) private view returns (uint256) {
        IJobEscrow.Totals memory totals = totalsOf(job);
        return totals.deposited - totals.refunded - settlement.earnedOf(jobs[job]);
    }

    function lastOf(uint256 job, uint64 epochs) private view returns (uint128[WORKERS] memory amounts) {
        if (epochs > 0) amounts = posted[job][epochs - 1];
    }

    function listOf(uint128[WORKERS] memory amounts) private view returns (Earning[] memory list) {
        list = new Earning[](WORKERS);
        for (uint256 i; i < WORKERS; ++i) list[i] = Earning(workerKeys[i], amounts[i]);
    }
}
