// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";

contract ChallengeTest is Scenario {
    JobId private jobId;
    Earning[] private settled;

    function setUp() public override {
        super.setUp();
        jobId = openJob("job", WINDOW, 2);
        Earning[] memory list = earnings(10 ether, 5 ether, 1 ether);
        for (uint256 i; i < list.length; ++i) settled.push(list[i]);
        post(jobId, 0, list);
        vm.warp(START + WINDOW);
    }

    function test_contradiction_revertsToThePreviousEpoch() public {
        post(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        post(jobId, 2, earnings(30 ether, 5 ether, 1 ether));
        IEpochSettlement.Statement memory other = statementOf(jobId, 1, earnings(10 ether, 15 ether, 1 ether));
        contradict(other);

        IEpochSettlement.Progress memory progress = settlement.progressOf(jobId);
        assertEq(progress.epochs, 1, "epochs that stand");
        assertTrue(progress.frozen, "frozen");
        assertEq(settlement.earnedOf(jobId), 16 ether, "earned");
        assertEq(settlement.claim(jobId, 0, claimsOf(jobId, settled)), 16 ether, "the previous epoch still pays");
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochUnknown.selector, jobId, 2));
        settlement.epochOf(jobId, 2);
    }

    function test_contradiction_endsPostingAndClosing() public {
        post(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        contradict(statementOf(jobId, 1, earnings(10 ether, 15 ether, 1 ether)));

        IEpochSettlement.Statement memory next = statementOf(jobId, 1, earnings(21 ether, 5 ether, 1 ether));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(COORDINATOR_KEY, next), attestedBy(2, next));
        bytes memory refusal = abi.encodeWithSelector(IEpochSettlement.JobIsFrozen.selector, jobId);
        vm.expectRevert(refusal);
        settlement.postEpoch(next, signature, attestations);
        signature = sign(COORDINATOR_KEY, settlement.closeDigest(jobId, 1));
        vm.expectRevert(refusal);
        settlement.close(jobId, 1, signature);

        vm.warp(DEADLINE);
        settlement.refund(jobId);
        settlement.claim(jobId, 0, claimsOf(jobId, settled));
        assertLedger(jobId, 16 ether, BUDGET - 16 ether, 0);
    }

    function test_contradiction_inTheTotalAlone() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        post(statement, 2);
        statement.total += 1;
        contradict(statement);
        assertTrue(settlement.progressOf(jobId).frozen, "frozen");
    }

    function test_contradiction_revertsWithoutTheCoordinatorsSignature() public {
        post(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        IEpochSettlement.Statement memory other = statementOf(jobId, 1, earnings(10 ether, 15 ether, 1 ether));
        (bytes memory forged, bytes[] memory attestations) = (signedBy(workerKeys[0], other), attestedBy(2, other));
        vm.expectPartialRevert(IEpochSettlement.CoordinatorWrong.selector);
        settlement.challengeContradiction(other, forged, attestations);
    }

    /// @dev Else a coordinator could take back an attested epoch by signing a second one alone.
    function test_contradiction_revertsWithoutItsQuorum() public {
        post(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        IEpochSettlement.Statement memory other = statementOf(jobId, 1, earnings(10 ether, 15 ether, 1 ether));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(COORDINATOR_KEY, other), attestedBy(1, other));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.QuorumMissing.selector, 2, 1));
        settlement.challengeContradiction(other, signature, attestations);
    }

    function test_contradiction_revertsWithTheSameStatement() public {
        IEpochSettlement.Statement memory statement = statementOf(jobId, 1, earnings(20 ether, 5 ether, 1 ether));
        post(statement, 2);
        (bytes memory signature, bytes[] memory attestations) =
            (signedBy(COORDINATOR_KEY, statement), attestedBy(2, statement));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.NoContradiction.selector));
        settlement.challengeContradiction(statement, signature, attestations);
    }

    function test_contradiction_revertsWhenMatured() public {
        IEpochSettlement.Statement memory other = statementOf(jobId, 0, earnings(1, 2, 3));
        (bytes memory signature, bytes[] memory attestations) = (signedBy(COORDINATOR_KEY, other), attestedBy(2, other));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochMatured.selector, jobId, 0, START + WINDOW));
        settlement.challengeContradiction(other, signature, attestations);
    }

    function test_fuzz_decrease_freezes(uint128 lower) public {
        lower = uint128(bound(lower, 0, 10 ether - 1));
        Earning[] memory list = earnings(lower, 500 ether, 1 ether);
        post(jobId, 1, list);
        settlement.challengeDecrease(jobId, 1, claimOf(jobId, list, 0), 0, claimOf(jobId, settled, 0));
        assertEq(settlement.progressOf(jobId).epochs, 1, "epochs that stand");
        assertTrue(settlement.progressOf(jobId).frozen, "frozen");
    }

    function test_fuzz_decrease_revertsWhenThereIsNone(uint128 higher) public {
        higher = uint128(bound(higher, 10 ether, 900 ether));
        Earning[] memory list = earnings(higher, 5 ether, 1 ether);
        post(jobId, 1, list);
        (IEpochSettlement.Claim memory later, IEpochSettlement.Claim memory earlier) =
            (claimOf(jobId, list, 0), claimOf(jobId, settled, 0));
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.NoDecrease.selector, 10 ether, higher));
        settlement.challengeDecrease(jobId, 1, later, 0, earlier);
    }

    function test_decrease_revertsWithAnotherWorkersLeaf() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 1 ether);
        post(jobId, 1, list);
        (IEpochSettlement.Claim memory later, IEpochSettlement.Claim memory earlier) =
            (claimOf(jobId, list, 1), claimOf(jobId, settled, 0));
        vm.expectPartialRevert(IEpochSettlement.NoDecrease.selector);
        settlement.challengeDecrease(jobId, 1, later, 0, earlier);
    }

    function test_decrease_revertsWithALeafThatIsNotThere() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 1 ether);
        post(jobId, 1, list);
        (IEpochSettlement.Claim memory later, IEpochSettlement.Claim memory earlier) =
            (claimOf(jobId, list, 0), claimOf(jobId, settled, 0));
        later.cumulative = 1;
        vm.expectPartialRevert(IEpochSettlement.ProofInvalid.selector);
        settlement.challengeDecrease(jobId, 1, later, 0, earlier);
        later = claimOf(jobId, list, 0);
        earlier.cumulative = 11 ether;
        vm.expectPartialRevert(IEpochSettlement.ProofInvalid.selector);
        settlement.challengeDecrease(jobId, 1, later, 0, earlier);
    }

    function test_decrease_revertsWhenTheEarlierEpochIsNotBefore() public {
        Earning[] memory list = earnings(10 ether, 5 ether, 1 ether);
        post(jobId, 1, list);
        IEpochSettlement.Claim memory leaf = claimOf(jobId, list, 0);
        vm.expectRevert(abi.encodeWithSelector(IEpochSettlement.EpochOutOfOrder.selector, 1, 1));
        settlement.challengeDecrease(jobId, 1, leaf, 1, leaf);
    }

    function contradict(IEpochSettlement.Statement memory other) private {
        settlement.challengeContradiction(other, signedBy(COORDINATOR_KEY, other), attestedBy(2, other));
    }
}
