// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {JobId} from "../types/JobId.sol";

/// @title Leaves of settlement trees
library SettlementLeaf {
    /// @notice The leaf that says what a worker has earned in a job.
    /// @dev Hashed twice, so that no inner node (64 bytes hashed once) can be taken for a leaf.
    function hash(address settlement, JobId jobId, address worker, uint256 cumulative) internal view returns (bytes32) {
        return keccak256(
            bytes.concat(keccak256(abi.encode(block.chainid, settlement, jobId, worker, cumulative)))
        );
    }
}
