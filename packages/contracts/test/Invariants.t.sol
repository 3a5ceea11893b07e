// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IJobEscrow} from "../solidity/interfaces/IJobEscrow.sol";
import {Market} from "./Market.sol";
import {FuzzSelector, Harness} from "./Harness.sol";

/// @notice What holds after any sequence of anybody's actions on several jobs at once.
contract InvariantsTest is Harness {
    Market private market;

    function setUp() public {
        market = new Market();
    }

    /// @dev Forge calls nothing but these in its random sequences.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        bytes4[] memory actions = new bytes4[](9);
        actions[0] = Market.passTime.selector;
        actions[1] = Market.postEpoch.selector;
        actions[2] = Market.claim.selector;
        actions[3] = Market.challengeDecrease.selector;
        actions[4] = Market.challengeContradiction.selector;
        actions[5] = Market.closeJob.selector;
        actions[6] = Market.refund.selector;
        actions[7] = Market.steal.selector;
        actions[8] = Market.claimElsewhere.selector;
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(market), actions);
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(market);
    }

    /// @dev One invariant for all, since each would walk the same sequences again; the failure names its rule.
    function invariant_money() external view {
        depositedIsPaidRefundedAndHeld();
        theEscrowHoldsWhatItsLedgersSay();
        paidNeverExceedsEarned();
        theRefundNeverTouchesTheEarned();
        whatMaturedStands();
    }

    /// @dev Forge calls this at the end of each sequence. Whatever happened, everybody can be paid then: no order of
    /// events locks money in.
    function afterInvariant() external {
        market.payOutEverything();
        for (uint256 i; i < market.jobCount(); ++i) {
            IJobEscrow.Totals memory totals = market.totalsOf(i);
            assertEq(totals.held, 0, "held at the end");
            assertEq(totals.paid, market.earnedOf(i), "paid at the end");
        }
    }

    function depositedIsPaidRefundedAndHeld() private view {
        for (uint256 i; i < market.jobCount(); ++i) {
            IJobEscrow.Totals memory totals = market.totalsOf(i);
            assertEq(totals.deposited, totals.paid + totals.refunded + totals.held, "ledger");
            assertEq(totals.deposited, market.BUDGET_OF_EACH(), "deposited");
        }
    }

    function theEscrowHoldsWhatItsLedgersSay() private view {
        (uint256 paid, uint256 refunded, uint256 held) = market.sums();
        assertEq(market.balanceOfEscrow(), held, "escrow");
        assertEq(market.balanceOfPayouts(), paid, "payouts");
        assertEq(market.balanceOfEngineer(), market.engineerHadLeft() + refunded, "engineer");
    }

    function paidNeverExceedsEarned() private view {
        for (uint256 i; i < market.jobCount(); ++i) {
            assertLe(market.totalsOf(i).paid, market.earnedOf(i), "job");
            assertEq(market.totalsOf(i).paid, market.progressPaidOf(i), "escrow and settlement agree");
            for (uint256 w; w < market.WORKERS(); ++w) {
                assertLe(market.paidOf(i, w), market.maturedOf(i, w), "worker");
            }
        }
    }

    function theRefundNeverTouchesTheEarned() private view {
        for (uint256 i; i < market.jobCount(); ++i) {
            IJobEscrow.Totals memory totals = market.totalsOf(i);
            assertLe(market.earnedOf(i), totals.paid + totals.held, "earned is paid or still held");
        }
    }

    function whatMaturedStands() private view {
        for (uint256 i; i < market.jobCount(); ++i) {
            assertLe(market.maturedTotalOf(i), market.earnedOf(i), "a challenge takes back pending epochs only");
        }
    }
}
