// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Public keys of secp256k1: their EVM address and their libp2p PeerId
/// @notice One key is both names of a worker, so a contract can derive the one from the other and nobody has to be believed.
library Secp256k1Key {
    /// @notice The bytes are no point of the curve in SEC1 form: 33 bytes 02|03‖x, or 65 bytes 04‖x‖y.
    error PublicKeyInvalid(bytes publicKey);

    /// @notice A public key: x coordinate, and the compressed form's first byte (2 for even y, 3 for odd).
    struct Key {
        uint256 x;
        uint8 prefix;
    }

    /// @dev The field's prime, 2²⁵⁶ − 2³² − 977.
    uint256 private constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev P ≡ 3 (mod 4), so a square root of a is a^((P+1)/4) wherever there is one.
    uint256 private constant ROOT_EXPONENT = (P + 1) / 4;

    /// @dev What stands before the compressed key in a PeerId: identity multihash of 37 bytes (00 25), then the
    /// protobuf fields Type = Secp256k1 (08 02) and Data of 33 bytes (12 21).
    bytes6 private constant PEER_ID_PREFIX = 0x002508021221;

    /// @notice Reads a compressed or uncompressed public key and checks that it lies on the curve.
    /// @return key the key
    /// @return account the EVM address of its private key
    function parse(bytes calldata publicKey) internal view returns (Key memory key, address account) {
        if (publicKey.length == 33) return _parseCompressed(publicKey);
        if (publicKey.length == 65 && publicKey[0] == 0x04) return _parseUncompressed(publicKey);
        revert PublicKeyInvalid(publicKey);
    }

    /// @notice The bytes of the key's libp2p PeerId (39 bytes; base58btc of them is the text `16Uiu2HA…`).
    function peerId(Key memory key) internal pure returns (bytes memory) {
        return abi.encodePacked(PEER_ID_PREFIX, key.prefix, key.x);
    }

    function _parseCompressed(bytes calldata publicKey) private view returns (Key memory key, address account) {
        uint8 prefix = uint8(publicKey[0]);
        uint256 x = uint256(bytes32(publicKey[1:33]));
        if ((prefix != 2 && prefix != 3) || x >= P) revert PublicKeyInvalid(publicKey);
        uint256 square = _ySquared(x);
        uint256 y = Math.modExp(square, ROOT_EXPONENT, P);
        // Half of all x have no point: there the power above is a root of −square instead.
        if (mulmod(y, y, P) != square) revert PublicKeyInvalid(publicKey);
        if (y & 1 != prefix & 1) y = P - y;
        return (Key(x, prefix), _account(x, y));
    }

    function _parseUncompressed(bytes calldata publicKey) private pure returns (Key memory key, address account) {
        uint256 x = uint256(bytes32(publicKey[1:33]));
        uint256 y = uint256(bytes32(publicKey[33:65]));
        if (x >= P || y >= P || mulmod(y, y, P) != _ySquared(x)) revert PublicKeyInvalid(publicKey);
        return (Key(x, uint8(2 + (y & 1))), _account(x, y));
    }

    function _ySquared(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
    }

    function _account(uint256 x, uint256 y) private pure returns (address) {
        return address(uint160(uint256(keccak256(abi.encode(x, y)))));
    }
}
