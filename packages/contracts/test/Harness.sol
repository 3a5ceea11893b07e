// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Forge's cheat codes that these tests use.
interface Vm {
    function addr(uint256 secretKey) external pure returns (address);
    function sign(uint256 secretKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function createWallet(uint256 secretKey) external returns (Wallet memory);
    function warp(uint256 timestamp) external;
    function chainId(uint256 id) external;
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function assume(bool condition) external pure;
    function expectRevert(bytes calldata revertData) external;
    function expectPartialRevert(bytes4 selector) external;
    function expectEmit(address emitter) external;
    function etch(address target, bytes calldata code) external;
    function pauseGasMetering() external;
    function resumeGasMetering() external;
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function parseJsonBytes32(string calldata json, string calldata key) external pure returns (bytes32);
    function parseJsonBytes32Array(string calldata json, string calldata key) external pure returns (bytes32[] memory);
    function parseJsonAddress(string calldata json, string calldata key) external pure returns (address);
    function parseJsonAddressArray(string calldata json, string calldata key) external pure returns (address[] memory);
    function parseJsonUint(string calldata json, string calldata key) external pure returns (uint256);
    function parseJsonUintArray(string calldata json, string calldata key) external pure returns (uint256[] memory);
    function toString(uint256 value) external pure returns (string memory);

    struct Wallet {
        address addr;
        uint256 publicKeyX;
        uint256 publicKeyY;
        uint256 privateKey;
    }
}

/// @notice Which functions of a contract forge may call in its random sequences.
struct FuzzSelector {
    address addr;
    bytes4[] selectors;
}

/// @notice Base of all tests: cheat codes, and assertions that show both values when they fail.
abstract contract Harness {
    error NotEqual(string what, uint256 left, uint256 right);
    error NotEqualBytes(string what, bytes left, bytes right);
    error NotTrue(string what);

    /// @dev Where forge answers cheat codes: the address of keccak256("hevm cheat code").
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function assertEq(uint256 left, uint256 right, string memory what) internal pure {
        if (left != right) revert NotEqual(what, left, right);
    }

    function assertEq(address left, address right, string memory what) internal pure {
        if (left != right) revert NotEqual(what, uint160(left), uint160(right));
    }

    function assertEq(bytes32 left, bytes32 right, string memory what) internal pure {
        if (left != right) revert NotEqual(what, uint256(left), uint256(right));
    }

    function assertEq(bytes memory left, bytes memory right, string memory what) internal pure {
        if (keccak256(left) != keccak256(right)) revert NotEqualBytes(what, left, right);
    }

    function assertLe(uint256 left, uint256 right, string memory what) internal pure {
        if (left > right) revert NotEqual(what, left, right);
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    /// @dev A number in [least, most] drawn from any number.
    function bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        uint256 span = most - least;
        return span == type(uint256).max ? value : least + value % (span + 1);
    }
}
