/** Hashing of the transparency log (RFC 9162 §2.1.1, the same as RFC 6962) and of its map. */
import { concat } from '../bytes/index.ts';
import type { Crypto } from '../crypto/index.ts';

// Each hash begins with what it is of, so that none passes for another.
const LEAF = Uint8Array.of(0x00);
const NODE = Uint8Array.of(0x01);
const MAP_LEAF = Uint8Array.of(0x02);
const MAP_NODE = Uint8Array.of(0x03);

/** Hash of an entry: SHA-256(0x00 ‖ data). */
export function leafHash(crypto: Crypto, data: Uint8Array): Uint8Array {
  return crypto.sha256(concat(LEAF, data));
}

/** Hash over two subtrees: SHA-256(0x01 ‖ left ‖ right). */
export function nodeHash(crypto: Crypto, left: Uint8Array, right: Uint8Array): Uint8Array {
  return crypto.sha256(concat(NODE, left, right));
}

/** Root of the tree without entries: SHA-256 of nothing. */
export function emptyTreeRoot(crypto: Crypto): Uint8Array {
  return crypto.sha256(new Uint8Array());
}

/** Hash of a leaf of the map: SHA-256(0x02 ‖ key ‖ value). */
export function mapLeafHash(crypto: Crypto, key: Uint8Array, value: Uint8Array): Uint8Array {
  return crypto.sha256(concat(MAP_LEAF, key, value));
}

/** Hash over two subtrees of the map: SHA-256(0x03 ‖ left ‖ right). */
export function mapNodeHash(crypto: Crypto, left: Uint8Array, right: Uint8Array): Uint8Array {
  return crypto.sha256(concat(MAP_NODE, left, right));
}
