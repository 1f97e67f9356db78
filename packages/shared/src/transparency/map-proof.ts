/**
 * Proofs of the map from SHA-256(username) to the newest entry of that account. The map is a sparse Merkle tree over the
 * bits of the key, the highest first: an empty subtree hashes to zeros, one with a single leaf to the hash of that leaf,
 * any other to the hash over its halves. So a path is as long as keys have bits in common, about log2 of the accounts, and
 * a leaf holds its whole key.
 *
 *     depth (u16) ‖ bitmap of the siblings that are not empty (⌈depth / 8⌉) ‖ those siblings, from the root down (32 each)
 *       ‖ 0x00: the place is empty
 *       or 0x01: the leaf of the key: count (u32) ‖ entryHash (32)
 *       or 0x02: the leaf of another: key (32) ‖ count (u32) ‖ entryHash (32)
 */
import { ByteWriter, equalBytes, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto } from '../crypto/index.ts';
import { ByteReader } from '../documents/index.ts';
import { MAP_PROOF_BYTES_MAX } from '../packets/index.ts';
import { mapLeafHash, mapNodeHash } from './hashing.ts';

/** What the map holds for a name. */
export interface MapValue {
  /** Statements of the log of the account. */
  readonly count: number;
  /** Leaf of the transparency log, 32 bytes. */
  readonly entryHash: Uint8Array;
}

/** A leaf of the map. */
export interface MapLeaf extends MapValue {
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** What the map holds at a key, or that it holds nothing. */
export interface MapProof {
  /** From the root down; undefined for an empty one. */
  readonly siblings: readonly (Uint8Array | undefined)[];
  /** The leaf where the path ends; undefined where it ends at nothing. Its key is another one where the map has none. */
  readonly leaf: MapLeaf | undefined;
}

/** Result of `verifyMapProof`; without a value the map has nothing at the key. */
export type MapProofResult = { readonly ok: true; readonly value: MapValue | undefined } | { readonly ok: false };

/** Root of the map without entries. */
export const EMPTY_MAP_ROOT: Uint8Array = new Uint8Array(SIZES.hash);

/** Levels of the tree: bits of a key. */
export const MAP_DEPTH_MAX = 256;

const ENDS = { empty: 0x00, own: 0x01, other: 0x02 } as const;

/** The key of a name: SHA-256 of its UTF-8. */
export function mapKey(crypto: Crypto, username: string): Uint8Array {
  return crypto.sha256(utf8Encode(username));
}

/** Bit of a key, counted from the highest. */
export function keyBit(key: Uint8Array, depth: number): number {
  return ((key[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;
}

/** Hash of a leaf. */
export function hashMapLeaf(crypto: Crypto, { key, count, entryHash }: MapLeaf): Uint8Array {
  return mapLeafHash(crypto, key, new ByteWriter().u32(count).bytes(entryHash).toBytes());
}

/** Follows a proof up to the root. Never throws for what `decodeMapProof` gave. @param key 32 bytes. */
export function verifyMapProof(
  crypto: Crypto,
  { key, proof, mapRoot }: { readonly key: Uint8Array; readonly proof: MapProof; readonly mapRoot: Uint8Array },
): MapProofResult {
  const { siblings, leaf } = proof;
  if (siblings.length > MAP_DEPTH_MAX) return { ok: false };
  for (let depth = 0; leaf !== undefined && depth < siblings.length; depth++) {
    if (keyBit(leaf.key, depth) !== keyBit(key, depth)) return { ok: false };
  }
  let hash = leaf === undefined ? EMPTY_MAP_ROOT : hashMapLeaf(crypto, leaf);
  for (let depth = siblings.length - 1; depth >= 0; depth--) {
    const sibling = siblings[depth] ?? EMPTY_MAP_ROOT;
    hash = keyBit(key, depth) === 0 ? mapNodeHash(crypto, hash, sibling) : mapNodeHash(crypto, sibling, hash);
  }
  if (!equalBytes(hash, mapRoot)) return { ok: false };
  if (leaf === undefined || !equalBytes(leaf.key, key)) return { ok: true, value: undefined };
  return { ok: true, value: { count: leaf.count, entryHash: leaf.entryHash } };
}

/**
 * A proof as it travels (docs/protocols/messaging-formats.md §2, `latest`).
 *
 * @param key that the proof is about, 32 bytes.
 * @throws RangeError for a key of another size, or a path of more than 256 levels.
 */
export function encodeMapProof({ siblings, leaf }: MapProof, key: Uint8Array): Uint8Array {
  expectSize('key', key, SIZES.hash);
  if (siblings.length > MAP_DEPTH_MAX) throw new RangeError(`a path of ${siblings.length} levels`);
  const bitmap = new Uint8Array(Math.ceil(siblings.length / 8));
  siblings.forEach((sibling, depth) => {
    if (sibling !== undefined) bitmap[depth >> 3] = (bitmap[depth >> 3] ?? 0) | (0x80 >> (depth & 7));
  });
  const writer = new ByteWriter().u16(siblings.length).bytes(bitmap);
  for (const sibling of siblings) if (sibling !== undefined) writer.bytes(sibling);
  if (leaf === undefined) return writer.u8(ENDS.empty).toBytes();
  const isOwn = equalBytes(leaf.key, key);
  writer.u8(isOwn ? ENDS.own : ENDS.other);
  if (!isOwn) writer.bytes(leaf.key);
  return writer.u32(leaf.count).bytes(leaf.entryHash).toBytes();
}

/**
 * Reads what `encodeMapProof` gives, and does not check it: `verifyMapProof` does.
 *
 * @param key that the proof is about, 32 bytes.
 * @returns undefined where the bytes are not exactly one proof.
 */
export function decodeMapProof(bytes: Uint8Array, key: Uint8Array): MapProof | undefined {
  if (bytes.length > MAP_PROOF_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const depth = reader.u16();
  if (depth === undefined || depth > MAP_DEPTH_MAX) return undefined;
  const bitmap = reader.bytes(Math.ceil(depth / 8));
  if (bitmap === undefined) return undefined;
  const siblings: (Uint8Array | undefined)[] = [];
  for (let level = 0; level < bitmap.length * 8; level++) {
    const isThere = keyBit(bitmap, level) === 1;
    // Bits behind the last level would make a second encoding.
    if (level >= depth && isThere) return undefined;
    if (level >= depth) continue;
    const sibling = isThere ? reader.bytes(SIZES.hash) : undefined;
    if (isThere && (sibling === undefined || equalBytes(sibling, EMPTY_MAP_ROOT))) return undefined;
    siblings.push(sibling);
  }
  const end = reader.u8();
  const leaf = end === ENDS.own || end === ENDS.other ? readLeaf(reader, key, end === ENDS.own) : undefined;
  const isWhole = reader.atEnd() && (leaf !== undefined || end === ENDS.empty);
  return isWhole ? { siblings, leaf } : undefined;
}

function readLeaf(reader: ByteReader, ownKey: Uint8Array, isOwn: boolean): MapLeaf | undefined {
  const key = isOwn ? ownKey : reader.bytes(SIZES.hash);
  const count = reader.u32();
  const entryHash = reader.bytes(SIZES.hash);
  if (key === undefined || count === undefined || entryHash === undefined) return undefined;
  return !isOwn && equalBytes(key, ownKey) ? undefined : { key, count, entryHash };
}
