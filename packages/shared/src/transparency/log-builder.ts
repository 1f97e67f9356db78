/**
 * Builds the log and its proofs (RFC 9162 §2.1) over stored nodes. Stored is each complete subtree, under
 * `level/index`: it covers the leaves from index · 2^level on. Nodes are never replaced, so that old sizes stay provable.
 */
import { assert } from '../errors/index.ts';
import type { Crypto } from '../crypto/index.ts';
import { emptyTreeRoot, nodeHash } from './hashing.ts';
import type { NodeAddress, NodeWrite, Steps } from './steps.ts';

/** Leaves from `start` to before `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** Nodes to be stored for one more leaf behind the `treeSize` that there are: about two for each. */
export function* appendLeaf(crypto: Crypto, treeSize: number, leaf: Uint8Array): Steps<readonly NodeWrite[]> {
  const writes: NodeWrite[] = [{ address: addressOf(0, treeSize), node: leaf }];
  let hash = leaf;
  let index = treeSize;
  for (let level = 0; index % 2 === 1; level++) {
    hash = nodeHash(crypto, yield* storedNode(level, index - 1), hash);
    index = (index - 1) / 2;
    writes.push({ address: addressOf(level + 1, index), node: hash });
  }
  return writes;
}

/** Root of the first `treeSize` leaves. */
export function* treeRoot(crypto: Crypto, treeSize: number): Steps<Uint8Array> {
  return treeSize === 0 ? emptyTreeRoot(crypto) : yield* rangeRoot(crypto, { start: 0, end: treeSize });
}

/** Path of a leaf in the tree of this size (RFC 9162 §2.1.3.1), `index` below `treeSize`. */
export function* inclusionPath(crypto: Crypto, index: number, treeSize: number): Steps<readonly Uint8Array[]> {
  if (!(index >= 0 && index < treeSize)) throw new RangeError(`"index" ${index} is not below ${treeSize}`);
  const path: Uint8Array[] = [];
  let range: Range = { start: 0, end: treeSize };
  while (range.end - range.start > 1) {
    const { left, right } = split(range);
    const isLeft = index < left.end;
    path.push(yield* rangeRoot(crypto, isLeft ? right : left));
    range = isLeft ? left : right;
  }
  return path.reverse();
}

/** Proof that the tree of `newSize` begins with that of `oldSize` (RFC 9162 §2.1.4.1); empty for equal sizes and for 0. */
export function* consistencyPath(crypto: Crypto, oldSize: number, newSize: number): Steps<readonly Uint8Array[]> {
  if (!(oldSize >= 0 && oldSize <= newSize)) throw new RangeError(`"oldSize" ${oldSize} is above ${newSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const path: Uint8Array[] = [];
  let range: Range = { start: 0, end: newSize };
  while (range.end !== oldSize) {
    const { left, right } = split(range);
    const isLeft = oldSize <= left.end;
    path.push(yield* rangeRoot(crypto, isLeft ? right : left));
    range = isLeft ? left : right;
  }
  // The verifier knows the root of the old tree, which the range is where it begins at 0.
  if (range.start > 0) path.push(yield* rangeRoot(crypto, range));
  return path.reverse();
}

/** Root of a range that begins where a subtree of its size would. */
function* rangeRoot(crypto: Crypto, range: Range): Steps<Uint8Array> {
  const size = range.end - range.start;
  const level = Math.floor(Math.log2(size));
  if (2 ** level === size) return yield* storedNode(level, range.start / size);
  const { left, right } = split(range);
  return nodeHash(crypto, yield* rangeRoot(crypto, left), yield* rangeRoot(crypto, right));
}

/** The left part is as large as a power of two can be and leave something (RFC 9162 §2.1.1). */
function split({ start, end }: Range): { readonly left: Range; readonly right: Range } {
  let size = 1;
  while (size * 2 < end - start) size *= 2;
  return { left: { start, end: start + size }, right: { start: start + size, end } };
}

function* storedNode(level: number, index: number): Steps<Uint8Array> {
  const node = yield addressOf(level, index);
  assert(node !== undefined, 'a node of the transparency log is missing');
  return node;
}

function addressOf(level: number, index: number): NodeAddress {
  return `${level}/${index}`;
}
