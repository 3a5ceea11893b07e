// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EpochSettlement} from "../solidity/EpochSettlement.sol";
import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {IJobEscrow} from "../solidity/interfaces/IJobEscrow.sol";
import {IWorkerRegistry} from "../solidity/interfaces/IWorkerRegistry.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";
import {ReentrantToken} from "./Tokens.sol";

contract EpochSettlementTest is Scenario {
    JobId private jobId;

    function setUp() public override {
        super.setUp();
        jobId = openJob("job", WINDOW, 2);
    }

    // ── posting ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_postEpoch_byAnybody() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(10 ether, 5 ether, 0));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(COORDINATOR_KEY, statement), attestedBy(2, statement));
        vm.expectEmit(address(settlement));
        emit IEpochSettlement.EpochPosted(jobId, 0, statement.root, 15 ether, START + WINDOW);
        vm.prank(address(0x5717));
        settlement.postEpoch(statement, signature, attestations);
        assertEq(settlement.earnedOf(jobId), 15 ether, "earned");
        assertEq(settlement.epochOf(jobId, 0).maturesAt, START + WINDOW, "maturesAt");
    }

    function test_postEpoch_revertsWhenOutOfOrder() public {
        IEpochSettlement.Statement memory skipped = statementOf(jobId, 1, earnings(1, 0, 0));
        expectPostReverts(skipped, 2, abi.encodeWithSelector(IEpochSettlement.EpochOutOfOrder.selector, 0, 1));
        post(jobId, 0, earnings(1, 0, 0));
        IEpochSettlement.Statement memory replayed = statementOf(jobId, 0, earnings(1, 0, 0));
        expectPostReverts(replayed, 2, abi.encodeWithSelector(IEpochSettlement.EpochOutOfOrder.selector, 1, 0));
    }

    function test_fuzz_postEpoch_revertsWhenNotTheCoordinators(uint256 key) public {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != COORDINATOR_KEY);
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 2, 3));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(key, statement), attestedBy(2, statement));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.CoordinatorWrong.selector, coordinator, vm.addr(key)));
        settlement.postEpoch(statement, signature, attestations);
    }

    function test_postEpoch_revertsWhenTheCoordinatorSignedAnAttestation() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 2, 3));
        bytes memory signature = sign(COORDINATOR_KEY, settlement.attestationDigest(statement));
        bytes[] memory attestations = attestedBy(2, statement);
        vm.expectPartialRevert(IEpochSettlement.CoordinatorWrong.selector);
        settlement.postEpoch(statement, signature, attestations);
    }

    function test_postEpoch_revertsWithoutItsQuorum() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 2, 3));
        expectPostReverts(statement, 1, abi.encodeWithSelector(IEpochSettlement.QuorumMissing.selector, 2, 1));
    }

    function test_postEpoch_revertsWhenAnAttestorStandsTwiceOrOutOfOrder() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 2, 3));
        bytes memory signature = signedBy(COORDINATOR_KEY, statement);
        bytes[] memory attestations = attestedBy(2, statement);
        (attestations[0], attestations[1]) = (attestations[1], attestations[0]);
        vm.expectPartialRevert(IEpochSettlement.AttestorOutOfOrder.selector);
        settlement.postEpoch(statement, signature, attestations);
        attestations[1] = attestations[0];
        vm.expectPartialRevert(IEpochSettlement.AttestorOutOfOrder.selector);
        settlement.postEpoch(statement, signature, attestations);
    }

    function test_postEpoch_revertsWhenAnAttestorIsNoMember() public {
        vm.prank(engineer);
        JobId empty = escrow.open(termsOf(BUDGET, WINDOW, 2), "nobody enrolled");
        IEpochSettlement.Statement memory statement = statementOf(empty, 0, earnings(1, 2, 3));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(COORDINATOR_KEY, statement), attestedBy(2, statement));
        vm.expectPartialRevert(IEpochSettlement.AttestorUnknown.selector);
        settlement.postEpoch(statement, signature, attestations);
    }

    function test_postEpoch_revertsWhenAttestationsAreTooMany() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 2, 3));
        bytes memory signature = signedBy(COORDINATOR_KEY, statement);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.AttestationsTooMany.selector, 33, 32));
        settlement.postEpoch(statement, signature, new bytes[](33));
    }

    function test_fuzz_postEpoch_revertsWhenTheTotalFalls(uint128 first, uint128 second) public {
        first = uint128(bound(first, 1, BUDGET));
        second = uint128(bound(second, 0, first - 1));
        post(jobId, 0, earnings(first, 0, 0));
        IEpochSettlement.Statement memory statement = statementOf(jobId, 1, earnings(second, 0, 0));
        expectPostReverts(statement, 2, abi.encodeWithSelector(IEpochSettlement.TotalDecreased.selector, second, first));
    }

    function test_fuzz_postEpoch_revertsWhenTheTotalIsAboveTheDeposit(uint128 total) public {
        total = uint128(bound(total, BUDGET + 1, type(uint128).max));
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(total, 0, 0));
        expectPostReverts(
            statement, 2, abi.encodeWithSelector(IEpochSettlement.TotalAboveDeposit.selector, total, BUDGET)
        );
    }

    function test_postEpoch_revertsWhenRootZero() public {
        IEpochSettlement.Statement memory statement = IEpochSettlement.Statement(jobId, 0, 0, 0);
        expectPostReverts(statement, 2, abi.encodeWithSelector(IEpochSettlement.RootZero.selector));
    }

    function test_postEpoch_revertsFromTheDeadlineOn() public {
        vm.warp(DEADLINE);
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 0, 0));
        expectPostReverts(statement, 2, abi.encodeWithSelector(IEpochSettlement.DeadlinePassed.selector, jobId, DEADLINE));
    }

    function test_postEpoch_revertsAtAnotherSettlement() public {
        EpochSettlement other = new EpochSettlement(escrow, registry);
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, earnings(1, 0, 0));
        bytes memory signature = sign(COORDINATOR_KEY, other.epochDigest(statement));
        vm.expectRevert(
            abi.encodeWithSelector(IEpochSettlement.SettlementElsewhere.selector, jobId, address(settlement))
        );
        other.postEpoch(statement, signature, new bytes[](0));
    }

    function test_enroll_revertsWhenNotRegisteredOrNotTheCoordinators() public {
        address[] memory strangers = new address[](1);
        strangers[0] = vm.addr(0x5717);
        bytes memory signature = sign(COORDINATOR_KEY, settlement.enrolmentDigest(jobId, strangers));
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerUnknown.selector, strangers[0]));
        settlement.enroll(jobId, strangers, signature);
        signature = sign(0x5717, settlement.enrolmentDigest(jobId, strangers));
        vm.expectRevert(
            abi.encodeWithSelector(IEpochSettlement.CoordinatorWrong.selector, coordinator, strangers[0])
        );
        settlement.enroll(jobId, strangers, signature);
    }

    // ── claiming ──────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_claim_paysPayoutAddressesOnly() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 7 ether);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        address submitter = address(0x5717);
        IEpochSettlement.Claim[] memory claims = claimsOf(jobId, list);
        vm.prank(submitter);
        assertEq(settlement.claim(jobId, 0, claims), 22 ether, "paid");
        assertEq(token.balanceOf(submitter), 0, "nothing for the submitter");
        for (uint256 i; i < list.length; ++i) {
            assertEq(token.balanceOf(payoutOf(list[i].key)), list[i].cumulative, "payout");
            assertEq(token.balanceOf(vm.addr(list[i].key)), 0, "nothing for the key itself");
        }
        assertLedger(jobId, 22 ether, 0, BUDGET - 22 ether);
    }

    function test_claim_passesOverWhatIsPaid() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        IEpochSettlement.Claim[] memory first = new IEpochSettlement.Claim[](2);
        first[0] = first[1] = claimOf(jobId, list, 0);
        assertEq(settlement.claim(jobId, 0, first), 10 ether, "once, though it stands twice");
        assertEq(settlement.claim(jobId, 0, claimsOf(jobId, list)), 5 ether, "the rest");
        assertEq(settlement.claim(jobId, 0, claimsOf(jobId, list)), 0, "nothing more");
    }

    function test_claim_onAnOlderEpochPaysNothingTwice() public {
        Earning[] memory older = earnings(10 ether, 5 ether, 0);
        Earning[] memory newer = earnings(30 ether, 5 ether, 1 ether);
        post(jobId, 0, older);
        post(jobId, 1, newer);
        vm.warp(START + WINDOW);
        IEpochSettlement.Claim[] memory one = new IEpochSettlement.Claim[](1);
        one[0] = claimOf(jobId, newer, 0);
        assertEq(settlement.claim(jobId, 1, one), 30 ether, "newer");
        assertEq(settlement.claim(jobId, 0, claimsOf(jobId, older)), 5 ether, "older, of the other worker");
        assertEq(settlement.claim(jobId, 1, claimsOf(jobId, newer)), 1 ether, "newer again");
    }

    function test_claim_revertsWhilePending() public {
        Earning[] memory list = earnings(1 ether, 0, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW - 1);
        IEpochSettlement.Claim[] memory claims = claimsOf(jobId, list);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochPending.selector, jobId, 0, START + WINDOW));
        settlement.claim(jobId, 0, claims);
    }

    function test_claim_atOnceWithoutAWindow() public {
        JobId quick = openJob("quick", 0, 2);
        Earning[] memory list = earnings(1 ether, 0, 0);
        post(quick, 0, list);
        assertEq(settlement.claim(quick, 0, claimsOf(quick, list)), 1 ether, "paid");
    }

    function test_fuzz_claim_revertsWhenTheLeafWasAltered(uint128 cumulative, address worker) public {
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        IEpochSettlement.Claim[] memory claims = new IEpochSettlement.Claim[](1);
        claims[0] = claimOf(jobId, list, 0);
        vm.assume(cumulative != claims[0].cumulative);
        vm.assume(worker != claims[0].worker);
        claims[0].cumulative = cumulative;
        vm.expectPartialRevert(IEpochSettlement.ProofInvalid.selector);
        settlement.claim(jobId, 0, claims);
        claims[0] = claimOf(jobId, list, 0);
        claims[0].worker = worker;
        vm.expectPartialRevert(IEpochSettlement.ProofInvalid.selector);
        settlement.claim(jobId, 0, claims);
    }

    function test_claim_revertsWithAnotherJobsLeaf() public {
        JobId other = openJob("other", 0, 2);
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(other, 0, list);
        IEpochSettlement.Claim[] memory claims = claimsOf(jobId, list);
        vm.expectPartialRevert(IEpochSettlement.ProofInvalid.selector);
        settlement.claim(other, 0, claims);
    }

    function test_claim_stopsWhereLeavesAddUpToMoreThanTheirTotal() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        IEpochSettlement.Statement memory statement = statementOf(jobId, 0, list);
        statement.total = 12 ether;
        post(statement, 2);
        vm.warp(START + WINDOW);
        IEpochSettlement.Claim[] memory claims = claimsOf(jobId, list);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.TotalExceeded.selector, 15 ether, 12 ether));
        settlement.claim(jobId, 0, claims);
    }

    function test_claim_goesToTheNewPayout() public {
        Earning[] memory list = earnings(10 ether, 0, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        address worker = vm.addr(workerKeys[0]);
        bytes memory signature = sign(workerKeys[0], registry.payoutChangeDigest(worker, address(0xCAFE), 0, DEADLINE));
        registry.changePayout(worker, address(0xCAFE), DEADLINE, signature);
        settlement.claim(jobId, 0, claimsOf(jobId, list));
        assertEq(token.balanceOf(address(0xCAFE)), 10 ether, "new payout");
    }

    function test_claim_revertsForAWorkerThatNobodyRegistered() public {
        Earning[] memory list = new Earning[](1);
        list[0] = Earning(0x5717, 1 ether);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        IEpochSettlement.Claim[] memory claims = claimsOf(jobId, list);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerUnknown.selector, vm.addr(0x5717)));
        settlement.claim(jobId, 0, claims);
        registry.register(registrationOf(0x5717, address(0xCAFE)));
        assertEq(settlement.claim(jobId, 0, claims), 1 ether, "once registered");
    }

    function test_claim_revertsWhenTheTokenCallsBack() public {
        ReentrantToken reentrant = new ReentrantToken(engineer, SUPPLY);
        IJobEscrow.JobTerms memory terms = termsOf(BUDGET, 0, 2);
        terms.token = reentrant;
        vm.startPrank(engineer);
        reentrant.approve(address(escrow), BUDGET);
        JobId trap = escrow.open(terms, "trap");
        vm.stopPrank();
        enrollAll(trap);
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(trap, 0, list);
        IEpochSettlement.Claim[] memory claims = claimsOf(trap, list);
        reentrant.arm(address(settlement), abi.encodeCall(settlement.claim, (trap, 0, claims)));
        vm.expectRevert(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        settlement.claim(trap, 0, claims);
    }

    // ── ending ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function test_close_refundsTheUnearnedAtOnce() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        settlement.claim(jobId, 0, claimsOf(jobId, list));
        assertEq(close(jobId, 1), BUDGET - 15 ether, "refunded");
        assertLedger(jobId, 15 ether, BUDGET - 15 ether, 0);
        assertEq(token.balanceOf(engineer), SUPPLY - 15 ether, "engineer");
    }

    function test_close_beforeAnyEpochRefundsAll() public {
        assertEq(close(jobId, 0), BUDGET, "refunded");
        assertLedger(jobId, 0, BUDGET, 0);
    }

    function test_close_keepsTheEarnedClaimable() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 0);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
        close(jobId, 1);
        assertLedger(jobId, 0, BUDGET - 15 ether, 15 ether);
        vm.warp(DEADLINE + 3650 days);
        settlement.claim(jobId, 0, claimsOf(jobId, list));
        assertLedger(jobId, 15 ether, BUDGET - 15 ether, 0);
    }

    function test_close_revertsWhileAnEpochIsPending() public {
        post(jobId, 0, earnings(1, 0, 0));
        bytes memory signature = sign(COORDINATOR_KEY, settlement.closeDigest(jobId, 1));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochPending.selector, jobId, 0, START + WINDOW));
        settlement.close(jobId, 1, signature);
    }

    function test_close_revertsWithAnOldSignature() public {
        bytes memory old = sign(COORDINATOR_KEY, settlement.closeDigest(jobId, 0));
        post(jobId, 0, earnings(1, 0, 0));
        vm.warp(START + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochOutOfOrder.selector, 1, 0));
        settlement.close(jobId, 0, old);
    }

    function test_close_revertsWhenNotTheCoordinators() public {
        bytes memory forged = sign(workerKeys[0], settlement.closeDigest(jobId, 0));
        vm.expectPartialRevert(IEpochSettlement.CoordinatorWrong.selector);
        settlement.close(jobId, 0, forged);
    }

    function test_close_endsTheJob() public {
        close(jobId, 0);
        bytes memory signature = sign(COORDINATOR_KEY, settlement.closeDigest(jobId, 0));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.JobIsClosed.selector, jobId));
        settlement.close(jobId, 0, signature);
        expectPostReverts(
            statementOf(jobId, 0, earnings(1, 0, 0)), 2, abi.encodeWithSelector(IEpochSettlement.JobIsClosed.selector, jobId)
        );
        vm.warp(DEADLINE);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.NothingToRefund.selector, jobId));
        settlement.refund(jobId);
    }

    function test_refund_revertsBeforeTheDeadline() public {
        vm.warp(DEADLINE - 1);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.DeadlineAhead.selector, jobId, DEADLINE));
        settlement.refund(jobId);
    }

    function test_fuzz_refund_neverTouchesTheEarned(uint128 earned, uint64 posted) public {
        earned = uint128(bound(earned, 0, BUDGET));
        posted = uint64(bound(posted, START, DEADLINE - 1));
        vm.warp(posted);
        Earning[] memory list = earnings(earned, 0, 0);
        post(jobId, 0, list);
        vm.warp(DEADLINE);
        if (earned < BUDGET) settlement.refund(jobId);
        // Pending or matured: what was posted before the deadline is kept.
        assertLedger(jobId, 0, BUDGET - earned, earned);
        vm.warp(DEADLINE + WINDOW);
        settlement.claim(jobId, 0, claimsOf(jobId, list));
        assertLedger(jobId, earned, BUDGET - earned, 0);
    }

    function expectPostReverts(IEpochSettlement.Statement memory statement, uint256 attestors, bytes memory refusal)
        private
    {
        (bytes memory signature, bytes[] memory attestations) =
            (signedBy(COORDINATOR_KEY, statement), attestedBy(attestors, statement));
        vm.expectRevert(refusal);
        settlement.postEpoch(statement, signature, attestations);
    }
}
