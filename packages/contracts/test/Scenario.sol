// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DevnetToken} from "../solidity/DevnetToken.sol";
import {EpochSettlement} from "../solidity/EpochSettlement.sol";
import {JobEscrow} from "../solidity/JobEscrow.sol";
import {WorkerRegistry} from "../solidity/WorkerRegistry.sol";
import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {IJobEscrow} from "../solidity/interfaces/IJobEscrow.sol";
import {IWorkerRegistry} from "../solidity/interfaces/IWorkerRegistry.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Harness, Vm} from "./Harness.sol";
import {SettlementTree} from "./SettlementTree.sol";

/// @notice A world to test in: the contracts, an engineer with money, a coordinator, four workers, and the hands to sign
/// for them.
abstract contract Scenario is Harness {
    uint256 internal constant SUPPLY = 1_000_000 ether;
    uint128 internal constant BUDGET = 1000 ether;
    uint128 internal constant PRICE = 1 ether;
    uint32 internal constant WINDOW = 1 hours;
    uint64 internal constant START = 1_800_000_000;
    uint64 internal constant DEADLINE = START + 1 days;

    uint256 internal constant COORDINATOR_KEY = 0xC0;
    uint256[4] internal workerKeys = [uint256(0xA1), 0xA2, 0xA3, 0xA4];

    address internal engineer = address(0xE1);
    address internal coordinator = vm.addr(COORDINATOR_KEY);

    DevnetToken internal token;
    WorkerRegistry internal registry;
    JobEscrow internal escrow;
    EpochSettlement internal settlement;

    /// @dev What a worker has earned in a job so far, wei.
    struct Earning {
        uint256 key;
        uint128 cumulative;
    }

    function setUp() public virtual {
        vm.warp(START);
        token = new DevnetToken(engineer, SUPPLY);
        registry = new WorkerRegistry();
        escrow = new JobEscrow();
        settlement = new EpochSettlement(escrow, registry);
        vm.prank(engineer);
        token.approve(address(escrow), type(uint256).max);
        for (uint256 i; i < workerKeys.length; ++i) registry.register(registrationOf(workerKeys[i], payoutOf(workerKeys[i])));
    }

    // ── jobs ──────────────────────────────────────────────────────────────────────────────────────────────────────────

    function termsOf(uint128 budget, uint32 window, uint8 quorum) internal view returns (IJobEscrow.JobTerms memory) {
        return IJobEscrow.JobTerms({
            token: token,
            coordinator: coordinator,
            settlement: address(settlement),
            budget: budget,
            pricePerMicroBatch: PRICE,
            deadline: DEADLINE,
            challengeWindow: window,
            quorum: quorum
        });
    }

    function openJob(bytes32 salt, uint32 window, uint8 quorum) internal returns (JobId jobId) {
        vm.prank(engineer);
        jobId = escrow.open(termsOf(BUDGET, window, quorum), salt);
        enrollAll(jobId);
    }

    function enrollAll(JobId jobId) internal {
        address[] memory workers = new address[](workerKeys.length);
        for (uint256 i; i < workers.length; ++i) workers[i] = vm.addr(workerKeys[i]);
        settlement.enroll(jobId, workers, sign(COORDINATOR_KEY, settlement.enrolmentDigest(jobId, workers)));
    }

    // ── epochs ────────────────────────────────────────────────────────────────────────────────────────────────────────

    function earnings(uint128 first, uint128 second, uint128 third) internal view returns (Earning[] memory list) {
        list = new Earning[](3);
        list[0] = Earning(workerKeys[0], first);
        list[1] = Earning(workerKeys[1], second);
        list[2] = Earning(workerKeys[2], third);
    }

    function statementOf(JobId jobId, uint64 epoch, Earning[] memory list)
        internal
        view
        returns (IEpochSettlement.Statement memory statement)
    {
        statement = IEpochSettlement.Statement(jobId, epoch, SettlementTree.root(leavesOf(jobId, list)), 0);
        for (uint256 i; i < list.length; ++i) statement.total += list[i].cumulative;
    }

    function post(IEpochSettlement.Statement memory statement, uint256 attestors) internal {
        settlement.postEpoch(statement, signedBy(COORDINATOR_KEY, statement), attestedBy(attestors, statement));
    }

    function post(JobId jobId, uint64 epoch, Earning[] memory list) internal {
        post(statementOf(jobId, epoch, list), 2);
    }

    function leavesOf(JobId jobId, Earning[] memory list) internal view returns (bytes32[] memory leaves) {
        leaves = new bytes32[](list.length);
        for (uint256 i; i < list.length; ++i) {
            leaves[i] = settlement.leafOf(jobId, vm.addr(list[i].key), list[i].cumulative);
        }
    }

    function claimOf(JobId jobId, Earning[] memory list, uint256 index)
        internal
        view
        returns (IEpochSettlement.Claim memory)
    {
        bytes32[] memory leaves = leavesOf(jobId, list);
        return IEpochSettlement.Claim(
            vm.addr(list[index].key), list[index].cumulative, SettlementTree.proof(leaves, leaves[index])
        );
    }

    function claimsOf(JobId jobId, Earning[] memory list)
        internal
        view
        returns (IEpochSettlement.Claim[] memory claims)
    {
        claims = new IEpochSettlement.Claim[](list.length);
        for (uint256 i; i < list.length; ++i) claims[i] = claimOf(jobId, list, i);
    }

    function close(JobId jobId, uint64 epochs) internal returns (uint256) {
        return settlement.close(jobId, epochs, sign(COORDINATOR_KEY, settlement.closeDigest(jobId, epochs)));
    }

    // ── signatures ────────────────────────────────────────────────────────────────────────────────────────────────────

    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function signedBy(uint256 key, IEpochSettlement.Statement memory statement) internal view returns (bytes memory) {
        return sign(key, settlement.epochDigest(statement));
    }

    /// @dev Attestations of the first `count` workers, in ascending order of their addresses.
    function attestedBy(uint256 count, IEpochSettlement.Statement memory statement)
        internal
        view
        returns (bytes[] memory attestations)
    {
        uint256[] memory keys = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            uint256 j = i;
            for (; j > 0 && vm.addr(keys[j - 1]) > vm.addr(workerKeys[i]); --j) keys[j] = keys[j - 1];
            keys[j] = workerKeys[i];
        }
        attestations = new bytes[](count);
        bytes32 digest = settlement.attestationDigest(statement);
        for (uint256 i; i < count; ++i) attestations[i] = sign(keys[i], digest);
    }

    // ── workers ───────────────────────────────────────────────────────────────────────────────────────────────────────

    function payoutOf(uint256 key) internal pure returns (address) {
        return vm.addr(uint256(keccak256(abi.encode("payout", key))));
    }

    function registrationOf(uint256 key, address payout) internal returns (IWorkerRegistry.Registration memory) {
        bytes memory possession = sign(key, registry.possessionDigest(vm.addr(key), payout));
        return IWorkerRegistry.Registration(compressed(key), payout, possession);
    }

    function compressed(uint256 key) internal returns (bytes memory) {
        Vm.Wallet memory wallet = vm.createWallet(key);
        return abi.encodePacked(uint8(2 + (wallet.publicKeyY & 1)), wallet.publicKeyX);
    }

    function uncompressed(uint256 key) internal returns (bytes memory) {
        Vm.Wallet memory wallet = vm.createWallet(key);
        return abi.encodePacked(uint8(4), wallet.publicKeyX, wallet.publicKeyY);
    }

    /// @dev deposited = paid + refunded + held, and what the token says.
    function assertLedger(JobId jobId, uint256 paid, uint256 refunded, uint256 held) internal view {
        IJobEscrow.Totals memory totals = escrow.totalsOf(jobId);
        assertEq(totals.paid, paid, "paid");
        assertEq(totals.refunded, refunded, "refunded");
        assertEq(totals.held, held, "held");
        assertEq(totals.deposited, paid + refunded + held, "deposited = paid + refunded + held");
    }
}
