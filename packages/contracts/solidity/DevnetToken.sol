// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title The money of the embedded devnet
/// @notice A plain ERC-20 with 18 decimals and a supply fixed at birth. It is worth nothing; a real job names a real token.
contract DevnetToken is ERC20 {
    /// @param holder receives the whole supply
    /// @param supply in the smallest unit, 10⁻¹⁸ of a token
    constructor(address holder, uint256 supply) ERC20("Murmuration Devnet Token", "MDT") {
        _mint(holder, supply);
    }
}
