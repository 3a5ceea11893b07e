// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {DevnetToken} from "../solidity/DevnetToken.sol";

/// @notice A token that keeps one wei of every transfer.
contract GreedyToken is DevnetToken {
    constructor(address holder, uint256 supply) DevnetToken(holder, supply) {}

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), 1);
    }
}

/// @notice A token that calls somebody back in the middle of a transfer, and hands on what that call reverts with.
contract ReentrantToken is DevnetToken {
    address private _target;
    bytes private _data;

    constructor(address holder, uint256 supply) DevnetToken(holder, supply) {}

    function arm(address target, bytes calldata data) external {
        (_target, _data) = (target, data);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_target == address(0)) return;
        (bool success, bytes memory answer) = _target.call(_data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

/// @notice A token whose owner bars accounts from it, as the large stablecoins do.
contract DenyingToken is DevnetToken {
    mapping(address account => bool) public denied;

    constructor(address holder, uint256 supply) DevnetToken(holder, supply) {}

    function deny(address account) external {
        denied[account] = true;
    }

    function _update(address from, address to, uint256 value) internal override {
        require(!denied[to], "account is denied");
        super._update(from, to, value);
    }
}
