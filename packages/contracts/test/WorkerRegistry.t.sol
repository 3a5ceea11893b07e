// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IWorkerRegistry} from "../solidity/interfaces/IWorkerRegistry.sol";
import {WorkerRegistry} from "../solidity/WorkerRegistry.sol";
import {Secp256k1Key} from "../solidity/libraries/Secp256k1Key.sol";
import {Scenario} from "./Scenario.sol";

contract WorkerRegistryTest is Scenario {
    uint256 private constant KEY = 0xDD;
    /// @dev The curve's order: secret keys are below it.
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @dev The field's prime, and the y coordinate of a point whose x is 1.
    uint256 private constant PRIME = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 private constant Y_AT_ONE = 0x4218F20AE6C646B363DB68605822FB14264CA8D2587FDD6FBC750D587E76A7EE;

    address private worker = vm.addr(KEY);
    address private payout = address(0xBEEF);

    function test_register_byAnybody() public {
        vm.prank(address(0x5717));
        assertEq(registry.register(registrationOf(KEY, payout)), worker, "worker");
        assertTrue(registry.isRegistered(worker), "registered");
        assertEq(registry.payoutOf(worker), payout, "payout");
    }

    function test_register_emitsThePeerId() public {
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, payout);
        vm.expectEmit(address(registry));
        emit IWorkerRegistry.WorkerRegistered(worker, payout, abi.encodePacked(hex"002508021221", compressed(KEY)));
        registry.register(registration);
    }

    function test_fuzz_bothFormsOfAKeyAreTheSameWorker(uint256 key) public {
        key = bound(key, 1, ORDER - 1);
        vm.assume(!registry.isRegistered(vm.addr(key)));
        IWorkerRegistry.Registration memory registration = registrationOf(key, payout);
        registration.publicKey = uncompressed(key);
        assertEq(registry.register(registration), vm.addr(key), "from the uncompressed form");
        assertEq(registry.peerIdOf(vm.addr(key)), abi.encodePacked(hex"002508021221", compressed(key)), "PeerId");

        registration.publicKey = compressed(key);
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerKnown.selector, vm.addr(key)));
        registry.register(registration);
    }

    function test_register_revertsWhenKnown() public {
        registry.register(registrationOf(KEY, payout));
        IWorkerRegistry.Registration memory again = registrationOf(KEY, address(0xF00D));
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.WorkerKnown.selector, worker));
        registry.register(again);
        assertEq(registry.payoutOf(worker), payout, "payout stays");
    }

    function test_fuzz_register_revertsWhenThePayoutWasExchanged(address stranger) public {
        vm.assume(stranger != payout && stranger != address(0));
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, payout);
        registration.payout = stranger;
        vm.expectPartialRevert(IWorkerRegistry.SignerWrong.selector);
        registry.register(registration);
    }

    function test_register_revertsWhenSignedForAnotherContractOrChain() public {
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, payout);
        WorkerRegistry other = new WorkerRegistry();
        vm.expectPartialRevert(IWorkerRegistry.SignerWrong.selector);
        other.register(registration);
        vm.chainId(block.chainid + 1);
        vm.expectPartialRevert(IWorkerRegistry.SignerWrong.selector);
        registry.register(registration);
    }

    function test_register_revertsWhenPayoutZero() public {
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, address(0));
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.PayoutZero.selector, worker));
        registry.register(registration);
    }

    function test_fuzz_register_revertsWhenNoPublicKey(bytes calldata garbage) public {
        vm.assume(garbage.length != 33 && (garbage.length != 65 || garbage[0] != 0x04));
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, payout);
        registration.publicKey = garbage;
        vm.expectRevert(abi.encodeWithSelector(Secp256k1Key.PublicKeyInvalid.selector, garbage));
        registry.register(registration);
    }

    function test_register_revertsWhenOffTheCurve() public {
        IWorkerRegistry.Registration memory registration = registrationOf(KEY, payout);
        // 5³ + 7 = 132 has no square root in the field.
        registration.publicKey = abi.encodePacked(uint8(2), uint256(5));
        vm.expectPartialRevert(Secp256k1Key.PublicKeyInvalid.selector);
        registry.register(registration);
        registration.publicKey = abi.encodePacked(uint8(4), uint256(1), uint256(1));
        vm.expectPartialRevert(Secp256k1Key.PublicKeyInvalid.selector);
        registry.register(registration);
        // A coordinate is below the field's prime: no second spelling of the same point.
        registration.publicKey = abi.encodePacked(uint8(2), type(uint256).max);
        vm.expectPartialRevert(Secp256k1Key.PublicKeyInvalid.selector);
        registry.register(registration);
        registration.publicKey = abi.encodePacked(uint8(4), PRIME + 1, Y_AT_ONE);
        vm.expectPartialRevert(Secp256k1Key.PublicKeyInvalid.selector);
        registry.register(registration);
        registration.publicKey = abi.encodePacked(uint8(5), uint256(1));
        vm.expectPartialRevert(Secp256k1Key.PublicKeyInvalid.selector);
        registry.register(registration);
    }

    function test_registerBatch_passesOverTheKnown() public {
        IWorkerRegistry.Registration[] memory batch = new IWorkerRegistry.Registration[](3);
        batch[0] = registrationOf(KEY, payout);
        batch[1] = registrationOf(workerKeys[0], address(0xBAD));
        batch[2] = registrationOf(KEY + 1, payout);
        assertEq(registry.registerBatch(batch), 2, "added");
        assertEq(registry.payoutOf(vm.addr(workerKeys[0])), payoutOf(workerKeys[0]), "payout stays");
    }

    function test_changePayout_byTheWorkersWordOnly() public {
        registry.register(registrationOf(KEY, payout));
        address next = address(0xCAFE);
        bytes32 digest = registry.payoutChangeDigest(worker, next, 0, START);
        bytes memory forged = sign(workerKeys[0], digest);
        vm.expectRevert(
            abi.encodeWithSelector(IWorkerRegistry.SignerWrong.selector, worker, vm.addr(workerKeys[0]))
        );
        registry.changePayout(worker, next, START, forged);

        registry.changePayout(worker, next, START, sign(KEY, digest));
        assertEq(registry.payoutOf(worker), next, "payout");
        assertEq(registry.nonceOf(worker), 1, "nonce");
    }

    function test_changePayout_revertsWhenReplayed() public {
        registry.register(registrationOf(KEY, payout));
        bytes memory first = sign(KEY, registry.payoutChangeDigest(worker, address(1), 0, START));
        registry.changePayout(worker, address(1), START, first);
        registry.changePayout(worker, payout, START, sign(KEY, registry.payoutChangeDigest(worker, payout, 1, START)));
        vm.expectPartialRevert(IWorkerRegistry.SignerWrong.selector);
        registry.changePayout(worker, address(1), START, first);
    }

    function test_changePayout_revertsWhenExpired() public {
        registry.register(registrationOf(KEY, payout));
        bytes memory signature = sign(KEY, registry.payoutChangeDigest(worker, address(1), 0, START - 1));
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.SignatureExpired.selector, START - 1));
        registry.changePayout(worker, address(1), START - 1, signature);
    }

    function test_changePayout_revertsWhenZero() public {
        registry.register(registrationOf(KEY, payout));
        bytes memory signature = sign(KEY, registry.payoutChangeDigest(worker, address(0), 0, START));
        vm.expectRevert(abi.encodeWithSelector(IWorkerRegistry.PayoutZero.selector, worker));
        registry.changePayout(worker, address(0), START, signature);
    }

    function test_reading_revertsWhenUnknown() public {
        bytes memory unknown = abi.encodeWithSelector(IWorkerRegistry.WorkerUnknown.selector, worker);
        vm.expectRevert(unknown);
        registry.payoutOf(worker);
        vm.expectRevert(unknown);
        registry.peerIdOf(worker);
        vm.expectRevert(unknown);
        registry.nonceOf(worker);
        vm.expectRevert(unknown);
        registry.changePayout(worker, payout, START, "");
    }
}
