// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {IWorkerRegistry} from "../solidity/interfaces/IWorkerRegistry.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";

/// @notice What each operation costs: `.gas-snapshot` is made from these. Only the call itself is metered; a transaction
/// costs 21,000 and its calldata besides.
contract GasTest is Scenario {
    JobId private jobId;


    function setUp() public override {
        super.setUp();
        jobId = openJob("job", 0, 2);
    }

    function test_gas_openJob() public {
        vm.pauseGasMetering();
        vm.startPrank(engineer);
        vm.resumeGasMetering();
        escrow.open(termsOf(BUDGET, WINDOW, 2), "another");
    }

    function test_gas_register_compressedKey() public {
        vm.pauseGasMetering();
        IWorkerRegistry.Registration memory registration = registrationOf(0xDD, address(0xBEEF));
        vm.resumeGasMetering();
        registry.register(registration);
    }

    function test_gas_register_uncompressedKey() public {
        vm.pauseGasMetering();
        IWorkerRegistry.Registration memory registration = registrationOf(0xDD, address(0xBEEF));
        registration.publicKey = uncompressed(0xDD);
        vm.resumeGasMetering();
        registry.register(registration);
    }

    function test_gas_postEpoch_quorum0() public {
        meterPost(0);
    }

    function test_gas_postEpoch_quorum2() public {
        meterPost(2);
    }

    function test_gas_claim_1worker_firstTime() public {
        meterClaims(1, 1, 0);
    }

    function test_gas_claim_16workers_firstTime() public {
        meterClaims(16, 16, 0);
    }

    function test_gas_claim_16workers_again() public {
        meterClaims(16, 16, 1);
    }

    function test_gas_claim_1of256workers_firstTime() public {
        meterClaims(256, 1, 0);
    }

    function test_gas_close() public {
        vm.pauseGasMetering();
        bytes memory signature = sign(COORDINATOR_KEY, settlement.closeDigest(jobId, 0));
        vm.resumeGasMetering();
        settlement.close(jobId, 0, signature);
    }

    function meterPost(uint8 quorum) private {
        vm.pauseGasMetering();
        JobId metered = openJob("metered", WINDOW, quorum);
        IEpochSettlement.Statement memory statement = statementOf(metered, 0, earnings(1 ether, 2 ether, 3 ether));
        bytes memory signature = signedBy(COORDINATOR_KEY, statement);
        bytes[] memory attestations = attestedBy(quorum, statement);
        vm.resumeGasMetering();
        settlement.postEpoch(statement, signature, attestations);
    }

    /// @dev `epoch` 1: the workers were paid in epoch 0 already, so their balances and records exist.
    function meterClaims(uint256 workers, uint256 claimed, uint64 epoch) private {
        vm.pauseGasMetering();
        Earning[] memory list = new Earning[](workers);
        for (uint256 i; i < workers; ++i) {
            list[i] = Earning(0x1000 + i, 1 ether);
            registry.register(registrationOf(list[i].key, payoutOf(list[i].key)));
        }
        for (uint64 e; e < epoch; ++e) {
            post(jobId, e, list);
            settlement.claim(jobId, e, claimsOf(jobId, list));
            for (uint256 i; i < workers; ++i) list[i].cumulative += 1 ether;
        }
        post(jobId, epoch, list);
        IEpochSettlement.Claim[] memory claims = new IEpochSettlement.Claim[](claimed);
        for (uint256 i; i < claimed; ++i) claims[i] = claimOf(jobId, list, i);
        vm.resumeGasMetering();
        settlement.claim(jobId, epoch, claims);
    }
}
