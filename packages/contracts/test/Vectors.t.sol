// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {EpochSettlement} from "../solidity/EpochSettlement.sol";
import {WorkerRegistry} from "../solidity/WorkerRegistry.sol";
import {IEpochSettlement} from "../solidity/interfaces/IEpochSettlement.sol";
import {Secp256k1Key} from "../solidity/libraries/Secp256k1Key.sol";
import {JobId} from "../solidity/types/JobId.sol";
import {Scenario} from "./Scenario.sol";
import {SettlementTree} from "./SettlementTree.sol";

/// @notice The bytes of keys, trees and signed statements are those that TypeScript makes (vectors/vectors.json).
contract VectorsTest is Scenario {
    string private json;
    WorkerRegistry private registryThere;
    EpochSettlement private settlementThere;

    function setUp() public override {
        super.setUp();
        json = vm.readFile("packages/contracts/vectors/vectors.json");
        vm.chainId(vm.parseJsonUint(json, ".chainId"));
        registryThere = WorkerRegistry(placed(".registry", address(registry).code));
        settlementThere = EpochSettlement(placed(".settlement", address(settlement).code));
    }

    function test_identities() public view {
        for (uint256 i; i < 4; ++i) {
            string memory entry = string.concat(".identities[", vm.toString(i), "]");
            address account = vm.parseJsonAddress(json, string.concat(entry, ".address"));
            bytes memory id = vm.parseJsonBytes(json, string.concat(entry, ".peerIdBytes"));
            assertEq(vm.addr(vm.parseJsonUint(json, string.concat(entry, ".secretKey"))), account, "address");
            checkKey(vm.parseJsonBytes(json, string.concat(entry, ".compressed")), account, id);
            checkKey(vm.parseJsonBytes(json, string.concat(entry, ".uncompressed")), account, id);
        }
    }

    function test_trees() public view {
        for (uint256 i; i < 6; ++i) checkTree(string.concat(".trees[", vm.toString(i), "]"));
    }

    function test_statements() public view {
        address worker = vm.parseJsonAddress(json, ".worker");
        address payout = vm.parseJsonAddress(json, ".payout");
        JobId jobId = JobId.wrap(vm.parseJsonBytes32(json, ".jobId"));
        IEpochSettlement.Statement memory statement = IEpochSettlement.Statement(
            jobId,
            uint64(vm.parseJsonUint(json, ".epoch")),
            vm.parseJsonBytes32(json, ".root"),
            uint128(vm.parseJsonUint(json, ".total"))
        );
        checkStatement("Possession", registryThere.possessionDigest(worker, payout));
        checkStatement("PayoutChange", registryThere.payoutChangeDigest(worker, payout, 3, 2_000_000_000));
        checkStatement(
            "Enrolment", settlementThere.enrolmentDigest(jobId, vm.parseJsonAddressArray(json, ".workers"))
        );
        checkStatement("Epoch", settlementThere.epochDigest(statement));
        checkStatement("Attestation", settlementThere.attestationDigest(statement));
        checkStatement("Close", settlementThere.closeDigest(jobId, 8));
    }

    /// @dev From outside, so that the key is calldata as in a registration.
    function parse(bytes calldata publicKey) external view returns (Secp256k1Key.Key memory, address) {
        return Secp256k1Key.parse(publicKey);
    }

    function checkKey(bytes memory publicKey, address account, bytes memory id) private view {
        (Secp256k1Key.Key memory key, address parsed) = this.parse(publicKey);
        assertEq(parsed, account, "address of the key");
        assertEq(Secp256k1Key.peerId(key), id, "PeerId of the key");
    }

    function checkTree(string memory entry) private view {
        JobId jobId = JobId.wrap(vm.parseJsonBytes32(json, ".jobId"));
        address[] memory workers = vm.parseJsonAddressArray(json, string.concat(entry, ".workers"));
        uint256[] memory cumulative = vm.parseJsonUintArray(json, string.concat(entry, ".cumulative"));
        bytes32 root = vm.parseJsonBytes32(json, string.concat(entry, ".root"));
        bytes32[] memory leaves = new bytes32[](workers.length);
        for (uint256 i; i < workers.length; ++i) {
            leaves[i] = settlementThere.leafOf(jobId, workers[i], uint128(cumulative[i]));
            bytes32[] memory proof =
                vm.parseJsonBytes32Array(json, string.concat(entry, ".proofs[", vm.toString(i), "]"));
            assertTrue(MerkleProof.verify(proof, root, leaves[i]), "proof");
        }
        assertEq(SettlementTree.root(leaves), root, "root");
    }

    function checkStatement(string memory name, bytes32 digest) private view {
        string memory entry = string.concat(".statements.", name);
        assertEq(vm.parseJsonBytes32(json, string.concat(entry, ".digest")), digest, name);
        address signer = ECDSA.recover(digest, vm.parseJsonBytes(json, string.concat(entry, ".signature")));
        assertEq(signer, vm.parseJsonAddress(json, ".identities[0].address"), name);
    }

    function placed(string memory key, bytes memory code) private returns (address place) {
        place = vm.parseJsonAddress(json, key);
        vm.etch(place, code);
    }
}
