// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IJobEscrow} from "../solidity/interfaces/IJobEscrow.sol";
import {JobEscrow} from "../solidity/JobEscrow.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";
import {GreedyToken, ReentrantToken} from "./Tokens.sol";

contract JobEscrowTest is Scenario {
    JobId private jobId;

    function setUp() public override {
        super.setUp();
        vm.prank(engineer);
        jobId = escrow.open(termsOf(BUDGET, WINDOW, 2), "job");
    }

    function test_open_takesTheBudget() public view {
        assertEq(token.balanceOf(address(escrow)), BUDGET, "balance");
        assertEq(escrow.depositorOf(jobId), engineer, "depositor");
        assertEq(escrow.termsOf(jobId).coordinator, coordinator, "coordinator");
        assertLedger(jobId, 0, 0, BUDGET);
    }

    function test_open_revertsWhenTheSaltWasUsed() public {
        vm.prank(engineer);
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.JobExists.selector, jobId));
        escrow.open(termsOf(BUDGET, WINDOW, 2), "job");
    }

    function test_fuzz_nobodyOccupiesAnothersJob(address stranger, bytes32 salt) public view {
        vm.assume(stranger != engineer);
        assertTrue(escrow.jobIdOf(stranger, salt).raw() != escrow.jobIdOf(engineer, salt).raw(), "ids differ");
    }

    function test_open_revertsWhenTermsAreInvalid() public {
        IJobEscrow.JobTerms memory terms = termsOf(BUDGET, WINDOW, 2);
        terms.coordinator = address(0);
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.PartyInvalid.selector, address(0)));

        terms = termsOf(BUDGET, WINDOW, 2);
        terms.settlement = engineer;
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.PartyInvalid.selector, engineer));

        terms = termsOf(PRICE - 1, WINDOW, 2);
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.BudgetBelowPrice.selector, PRICE - 1, PRICE));
        terms.pricePerMicroBatch = 0;
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.BudgetBelowPrice.selector, PRICE - 1, 0));

        uint64 latest = START + escrow.MAX_DURATION();
        terms = termsOf(BUDGET, WINDOW, 2);
        terms.deadline = START;
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.DeadlineInvalid.selector, START, latest));
        terms.deadline = latest + 1;
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.DeadlineInvalid.selector, latest + 1, latest));

        uint32 longest = escrow.MAX_CHALLENGE_WINDOW();
        terms = termsOf(BUDGET, longest + 1, 2);
        expectOpenReverts(
            terms, abi.encodeWithSelector(IJobEscrow.ChallengeWindowTooLong.selector, longest + 1, longest)
        );

        uint8 largest = escrow.MAX_QUORUM();
        terms = termsOf(BUDGET, WINDOW, largest + 1);
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.QuorumTooLarge.selector, largest + 1, largest));
    }

    function test_open_revertsWhenTheTokenKeepsAFee() public {
        GreedyToken greedy = new GreedyToken(engineer, SUPPLY);
        IJobEscrow.JobTerms memory terms = termsOf(BUDGET, WINDOW, 2);
        terms.token = greedy;
        vm.prank(engineer);
        greedy.approve(address(escrow), BUDGET);
        expectOpenReverts(terms, abi.encodeWithSelector(IJobEscrow.DepositIncomplete.selector, BUDGET, BUDGET - 1));
    }

    function test_fuzz_moneyMovesOnTheSettlementsWordOnly(address caller) public {
        vm.assume(caller != address(settlement));
        bytes memory refusal = abi.encodeWithSelector(IJobEscrow.SettlementOnly.selector, jobId, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        escrow.pay(jobId, payments(engineer, 1));
        vm.prank(caller);
        vm.expectRevert(refusal);
        escrow.refund(jobId, 1);
    }

    function test_fuzz_ledgerBalances(uint128 pay, uint128 refund) public {
        pay = uint128(bound(pay, 0, BUDGET));
        refund = uint128(bound(refund, 0, BUDGET - pay));
        vm.startPrank(address(settlement));
        escrow.pay(jobId, payments(address(0xBEEF), pay));
        escrow.refund(jobId, refund);
        vm.stopPrank();
        assertLedger(jobId, pay, refund, BUDGET - pay - refund);
        assertEq(token.balanceOf(address(0xBEEF)), pay, "paid out");
        assertEq(token.balanceOf(engineer), SUPPLY - BUDGET + refund, "refunded");
    }

    function test_fuzz_revertsWhenMoreThanHeld(uint128 paid, uint128 more) public {
        paid = uint128(bound(paid, 0, BUDGET));
        more = uint128(bound(more, BUDGET - paid + 1, type(uint128).max));
        vm.startPrank(address(settlement));
        escrow.pay(jobId, payments(address(0xBEEF), paid));
        bytes memory refusal = abi.encodeWithSelector(IJobEscrow.HeldExceeded.selector, jobId, more, BUDGET - paid);
        vm.expectRevert(refusal);
        escrow.pay(jobId, payments(address(0xBEEF), more));
        vm.expectRevert(refusal);
        escrow.refund(jobId, more);
        vm.stopPrank();
    }

    function test_pay_sumDoesNotWrap() public {
        IJobEscrow.Payment[] memory two = new IJobEscrow.Payment[](2);
        two[0] = IJobEscrow.Payment(address(0xBEEF), type(uint128).max);
        two[1] = IJobEscrow.Payment(address(0xBEEF), 1);
        vm.prank(address(settlement));
        vm.expectRevert(
            abi.encodeWithSelector(IJobEscrow.HeldExceeded.selector, jobId, uint256(type(uint128).max) + 1, BUDGET)
        );
        escrow.pay(jobId, two);
    }

    function test_onesJobsMoneyIsNotAnothers() public {
        vm.prank(engineer);
        JobId other = escrow.open(termsOf(BUDGET, WINDOW, 2), "other");
        vm.startPrank(address(settlement));
        escrow.pay(jobId, payments(address(0xBEEF), BUDGET));
        vm.expectRevert(abi.encodeWithSelector(IJobEscrow.HeldExceeded.selector, jobId, 1, 0));
        escrow.pay(jobId, payments(address(0xBEEF), 1));
        vm.stopPrank();
        assertLedger(other, 0, 0, BUDGET);
    }

    function test_pay_revertsWhenTheTokenCallsBack() public {
        ReentrantToken reentrant = new ReentrantToken(engineer, SUPPLY);
        IJobEscrow.JobTerms memory terms = termsOf(BUDGET, WINDOW, 2);
        terms.token = reentrant;
        vm.startPrank(engineer);
        reentrant.approve(address(escrow), BUDGET);
        JobId trap = escrow.open(terms, "trap");
        vm.stopPrank();
        reentrant.arm(address(escrow), abi.encodeCall(escrow.open, (terms, "again")));
        vm.prank(address(settlement));
        vm.expectRevert(abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        escrow.pay(trap, payments(address(0xBEEF), 1));
    }

    function test_reading_revertsWhenUnknown() public {
        JobId none = escrow.jobIdOf(engineer, "none");
        bytes memory unknown = abi.encodeWithSelector(IJobEscrow.JobUnknown.selector, none);
        vm.expectRevert(unknown);
        escrow.termsOf(none);
        vm.expectRevert(unknown);
        escrow.depositorOf(none);
        vm.expectRevert(unknown);
        escrow.totalsOf(none);
        vm.expectRevert(unknown);
        escrow.refund(none, 0);
    }

    function expectOpenReverts(IJobEscrow.JobTerms memory terms, bytes memory refusal) private {
        vm.prank(engineer);
        vm.expectRevert(refusal);
        escrow.open(terms, "invalid");
    }

    function payments(address to, uint128 amount) private pure returns (IJobEscrow.Payment[] memory list) {
        list = new IJobEscrow.Payment[](1);
        list[0] = IJobEscrow.Payment(to, amount);
    }
}
