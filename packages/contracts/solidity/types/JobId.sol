// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The name of a job on chain: a hash that only its depositor could have made.
type JobId is bytes32;

using JobIdLibrary for JobId global;

/// @title Making and reading job ids
library JobIdLibrary {
    /// @notice The id of the job that `depositor` opens with `salt` at `escrow` on this chain.
    /// @dev The depositor is part of the hash, so nobody can occupy another's id ahead of them.
    function derive(address escrow, address depositor, bytes32 salt) internal view returns (JobId) {
        return JobId.wrap(keccak256(abi.encode(block.chainid, escrow, depositor, salt)));
    }

    /// @notice The id as the 32 bytes that stand in events, leaves and typed data.
    function raw(JobId jobId) internal pure returns (bytes32) {
        return JobId.unwrap(jobId);
    }
}
