// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";

/// @title Builds settlement trees in tests
/// @notice Leaves in ascending order; pairs hashed the smaller first; a node without a sibling goes up as it is.
library SettlementTree {
    function root(bytes32[] memory leaves) internal pure returns (bytes32) {
        bytes32[] memory level = sorted(leaves);
        while (level.length > 1) level = _above(level);
        return level[0];
    }

    function proof(bytes32[] memory leaves, bytes32 leaf) internal pure returns (bytes32[] memory siblings) {
        bytes32[] memory level = sorted(leaves);
        uint256 index;
        while (level[index] != leaf) ++index;
        siblings = new bytes32[](256);
        uint256 count;
        for (; level.length > 1; index /= 2) {
            uint256 sibling = index ^ 1;
            if (sibling < level.length) siblings[count++] = level[sibling];
            level = _above(level);
        }
        assembly ("memory-safe") {
            mstore(siblings, count)
        }
    }

    function sorted(bytes32[] memory leaves) internal pure returns (bytes32[] memory copy) {
        copy = new bytes32[](leaves.length);
        for (uint256 i; i < leaves.length; ++i) {
            uint256 j = i;
            for (; j > 0 && copy[j - 1] > leaves[i]; --j) copy[j] = copy[j - 1];
            copy[j] = leaves[i];
        }
    }

    function _above(bytes32[] memory level) private pure returns (bytes32[] memory above) {
        above = new bytes32[]((level.length + 1) / 2);
        for (uint256 i; i < above.length; ++i) {
            above[i] = 2 * i + 1 < level.length ? Hashes.commutativeKeccak256(level[2 * i], level[2 * i + 1]) : level[2 * i];
        }
    }
}
