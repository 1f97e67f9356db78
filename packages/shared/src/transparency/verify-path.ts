/**
 * Verification of proofs of the log, step by step as in RFC 9162 §2.1.3.2 and §2.1.4.2. Sizes are up to 2^53, so they are
 * halved and never shifted.
 */
import { equalBytes } from '../bytes/index.ts';
import type { Crypto } from '../crypto/index.ts';
import { emptyTreeRoot, nodeHash } from './hashing.ts';

/** What an inclusion proof is to show. */
export interface InclusionClaim {
  readonly index: number;
  readonly treeSize: number;
  /** Hash of the leaf, 32 bytes. */
  readonly leaf: Uint8Array;
  readonly path: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** What a consistency proof is to show: the tree of `newSize` begins with the one of `oldSize`. */
export interface ConsistencyClaim {
  readonly oldSize: number;
  readonly oldRoot: Uint8Array;
  readonly newSize: number;
  readonly newRoot: Uint8Array;
  readonly path: readonly Uint8Array[];
}

const half = (value: number): number => Math.floor(value / 2);
const isOdd = (value: number): boolean => value % 2 === 1;

/** RFC 9162 §2.1.3.2. Never throws for bytes of a peer. */
export function verifyInclusion(crypto: Crypto, { index, treeSize, leaf, path, root }: InclusionClaim): boolean {
  if (index >= treeSize) return false;
  let fn = index;
  let sn = treeSize - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(crypto, sibling, hash);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = nodeHash(crypto, hash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equalBytes(hash, root);
}

/** RFC 9162 §2.1.4.2; from an empty tree everything is consistent, with an empty path. Never throws for bytes of a peer. */
export function verifyConsistency(crypto: Crypto, claim: ConsistencyClaim): boolean {
  const { oldSize, oldRoot, newSize, newRoot, path } = claim;
  if (oldSize > newSize) return false;
  if (oldSize === newSize) return path.length === 0 && equalBytes(oldRoot, newRoot);
  if (oldSize === 0) return path.length === 0 && equalBytes(oldRoot, emptyTreeRoot(crypto));
  // The old tree is a subtree of the new one where its size is a power of two: then the path leaves its root out.
  const [first, ...rest] = isPowerOfTwo(oldSize) ? [oldRoot, ...path] : path;
  return first !== undefined && path.length > 0 && followConsistency(crypto, claim, first, rest);
}

function followConsistency(
  crypto: Crypto,
  { oldSize, oldRoot, newSize, newRoot }: ConsistencyClaim,
  first: Uint8Array,
  rest: readonly Uint8Array[],
): boolean {
  let fn = oldSize - 1;
  let sn = newSize - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  let oldHash = first;
  let newHash = first;
  for (const sibling of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      oldHash = nodeHash(crypto, sibling, oldHash);
      newHash = nodeHash(crypto, sibling, newHash);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      newHash = nodeHash(crypto, newHash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && equalBytes(oldHash, oldRoot) && equalBytes(newHash, newRoot);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) rest = half(rest);
  return rest === 1;
}
