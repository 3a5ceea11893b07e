// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";

/// @notice Strangers without signatures call anything with anything.
contract OpenWorldTest is Scenario {
    JobId private jobId;
    Earning[] private earned;

    function setUp() public override {
        super.setUp();
        jobId = openJob("job", WINDOW, 2);
        Earning[] memory list = earnings(10 ether, 5 ether, 1 ether);
        for (uint256 i; i < list.length; ++i) earned.push(list[i]);
        post(jobId, 0, list);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](3);
        (targets[0], targets[1], targets[2]) = (address(escrow), address(settlement), address(registry));
    }

    /// forge-config: default.invariant.fail-on-revert = false
    function invariant_strangersMoveNothing() external view {
        assertLedger(jobId, 0, 0, BUDGET);
        assertEq(token.balanceOf(address(escrow)), BUDGET, "escrow");
        assertEq(settlement.earnedOf(jobId), 16 ether, "earned");
        assertEq(settlement.progressOf(jobId).epochs, 1, "epochs");
        assertTrue(!settlement.progressOf(jobId).closed && !settlement.progressOf(jobId).frozen, "running");
        for (uint256 i; i < workerKeys.length; ++i) {
            assertEq(registry.payoutOf(vm.addr(workerKeys[i])), payoutOf(workerKeys[i]), "payout");
        }
    }

    /// @dev And everybody who has signatures goes on as if nothing had been.
    function afterInvariant() external {
        vm.warp(START + WINDOW);
        settlement.claim(jobId, 0, claimsOf(jobId, earned));
        close(jobId, 1);
        assertLedger(jobId, 16 ether, BUDGET - 16 ether, 0);
    }
}
