import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat, fromHex, toHex, utf8Encode } from '../bytes/index.ts';
import { nativeCrypto as crypto } from '../crypto-native/index.ts';
import { emptyTreeRoot, leafHash } from './hashing.ts';
import { appendLeaf, consistencyPath, inclusionPath, treeRoot } from './log-builder.ts';
import { runSteps, runStepsAsync, type Steps } from './steps.ts';
import { verifyConsistency, verifyInclusion } from './verify-path.ts';

/** The log over a map of nodes that takes no node twice. */
class StoredLog {
  readonly nodes = new Map<string, Uint8Array>();
  size = 0;

  append(leaf: Uint8Array): this {
    for (const { address, node } of this.run(appendLeaf(crypto, this.size, leaf))) {
      if (this.nodes.has(address)) throw new Error(`${address} was written before`);
      this.nodes.set(address, node);
    }
    this.size++;
    return this;
  }

  run<T>(steps: Steps<T>): T {
    return runSteps(steps, (address) => this.nodes.get(address));
  }
}

// The definitions of RFC 9162 as they stand there, over all leaves at once.
const powerBelow = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

/** MTH(D_n) of RFC 9162 §2.1.1. */
function naiveRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return crypto.sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0]!;
  const k = powerBelow(leaves.length);
  return crypto.sha256(concat(Uint8Array.of(1), naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k))));
}

/** PATH(m, D_n) of RFC 9162 §2.1.3.1. */
function naivePath(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const k = powerBelow(leaves.length);
  if (m < k) return [...naivePath(m, leaves.slice(0, k)), naiveRoot(leaves.slice(k))];
  return [...naivePath(m - k, leaves.slice(k)), naiveRoot(leaves.slice(0, k))];
}

/** SUBPROOF(m, D_n, b) of RFC 9162 §2.1.4.1. */
function naiveProof(m: number, leaves: readonly Uint8Array[], b = true): Uint8Array[] {
  if (m === leaves.length) return b ? [] : [naiveRoot(leaves)];
  const k = powerBelow(leaves.length);
  if (m <= k) return [...naiveProof(m, leaves.slice(0, k), b), naiveRoot(leaves.slice(k))];
  return [...naiveProof(m - k, leaves.slice(k), false), naiveRoot(leaves.slice(0, k))];
}

const leavesOf = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => leafHash(crypto, utf8Encode(`entry ${index}`)));
const texts = (hashes: readonly Uint8Array[]): string[] => hashes.map(toHex);

const COUNT = 65;
const leaves = leavesOf(COUNT);
const log = new StoredLog();
for (const leaf of leaves) log.append(leaf);

/** The entries and roots with which implementations of Certificate Transparency test themselves. */
const KNOWN_ENTRIES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const KNOWN_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('the transparency log', () => {
  it('C: has the roots of the known trees of Certificate Transparency', () => {
    const known = new StoredLog();
    for (const entry of KNOWN_ENTRIES) known.append(leafHash(crypto, fromHex(entry)!));
    const roots = KNOWN_ROOTS.map((_, size) => toHex(known.run(treeRoot(crypto, size))));
    expect(roots).toEqual(KNOWN_ROOTS);
  });

  it('has at every size the root and the proofs of the definitions, and they verify', () => {
    for (let size = 1; size <= COUNT; size++) {
      const root = log.run(treeRoot(crypto, size));
      const present = leaves.slice(0, size);
      expect(toHex(root)).toBe(toHex(naiveRoot(present)));
      for (let index = 0; index < size; index++) {
        const path = log.run(inclusionPath(crypto, index, size));
        expect(texts(path)).toEqual(texts(naivePath(index, present)));
        const claim = { index, treeSize: size, leaf: leaves[index]!, path, root };
        expect(verifyInclusion(crypto, claim)).toBe(true);
      }
      for (let oldSize = 1; oldSize <= size; oldSize++) {
        const path = log.run(consistencyPath(crypto, oldSize, size));
        expect(texts(path)).toEqual(texts(naiveProof(oldSize, present)));
        const oldRoot = log.run(treeRoot(crypto, oldSize));
        expect(verifyConsistency(crypto, { oldSize, oldRoot, newSize: size, newRoot: root, path })).toBe(true);
      }
    }
  });

  it('runs over a store that takes its time', async () => {
    const root = await runStepsAsync(treeRoot(crypto, 37), async (address) => log.nodes.get(address));
    expect(toHex(root)).toBe(toHex(naiveRoot(leaves.slice(0, 37))));
  });

  it('stores about two nodes a leaf', () => {
    expect(log.nodes.size).toBeLessThan(2 * COUNT);
  });

  it('a missing node is a fault of the store, sizes out of range are one of the caller', () => {
    expect(() => runSteps(treeRoot(crypto, 3), () => undefined)).toThrow('missing');
    expect(() => log.run(inclusionPath(crypto, 5, 5))).toThrow(RangeError);
    expect(() => log.run(consistencyPath(crypto, 6, 5))).toThrow(RangeError);
  });
});

const sizes = fc
  .tuple(fc.integer({ min: 1, max: COUNT }), fc.nat())
  .map(([size, pick]) => [size, pick % size] as const);
const damage = fc.record({ kind: fc.constantFrom('flip', 'drop', 'add', 'swap'), at: fc.nat() });

/** A path with one defect. */
function damaged(path: readonly Uint8Array[], { kind, at }: { kind: string; at: number }): Uint8Array[] {
  const index = path.length === 0 ? 0 : at % path.length;
  const hash = path[index];
  if (hash === undefined || kind === 'add') return [...path, leaves[at % COUNT]!];
  if (kind === 'drop') return path.toSpliced(index, 1);
  if (kind === 'swap') return path.toSpliced(index, 1, leaves[at % COUNT]!);
  return path.with(index, hash.with(at % 32, hash[at % 32]! ^ 1));
}

describe('false proofs', () => {
  it('C: no damaged path, other leaf, other place or other size is believed', () => {
    fc.assert(
      fc.property(sizes, damage, ([treeSize, index], defect) => {
        const root = log.run(treeRoot(crypto, treeSize));
        const claim = {
          index,
          treeSize,
          leaf: leaves[index]!,
          path: log.run(inclusionPath(crypto, index, treeSize)),
          root,
        };
        const bad = damaged(claim.path, defect);
        const isSame = texts(bad).join() === texts(claim.path).join();
        expect(verifyInclusion(crypto, { ...claim, path: bad })).toBe(isSame);
        expect(verifyInclusion(crypto, { ...claim, leaf: leafHash(crypto, leaves[index]!) })).toBe(false);
        expect(verifyInclusion(crypto, { ...claim, index: treeSize })).toBe(false);
        if (index > 0) expect(verifyInclusion(crypto, { ...claim, index: index - 1 })).toBe(false);
      }),
    );
  });

  it('C: no tree that does not begin with the old one is consistent', () => {
    fc.assert(
      fc.property(sizes, damage, ([newSize, pick], defect) => {
        const oldSize = pick + 1;
        const claim = {
          oldSize,
          oldRoot: log.run(treeRoot(crypto, oldSize)),
          newSize,
          newRoot: log.run(treeRoot(crypto, newSize)),
          path: log.run(consistencyPath(crypto, oldSize, newSize)),
        };
        const bad = damaged(claim.path, defect);
        const isSame = texts(bad).join() === texts(claim.path).join();
        expect(verifyConsistency(crypto, { ...claim, path: bad })).toBe(isSame);
        expect(verifyConsistency(crypto, { ...claim, oldRoot: leafHash(crypto, claim.oldRoot) })).toBe(false);
        expect(verifyConsistency(crypto, { ...claim, newRoot: leafHash(crypto, claim.newRoot) })).toBe(false);
        if (oldSize < newSize) {
          const back = { ...claim, oldSize: newSize, oldRoot: claim.newRoot, newSize: oldSize, newRoot: claim.oldRoot };
          expect(verifyConsistency(crypto, back)).toBe(false);
        }
      }),
    );
  });

  it('everything continues the empty tree, and only by an empty path', () => {
    const claim = { oldSize: 0, oldRoot: emptyTreeRoot(crypto), newSize: 5, newRoot: leaves[0]!, path: [] };
    expect(verifyConsistency(crypto, claim)).toBe(true);
    expect(verifyConsistency(crypto, { ...claim, path: [leaves[0]!] })).toBe(false);
    expect(verifyConsistency(crypto, { ...claim, oldRoot: leaves[0]! })).toBe(false);
  });

  it('takes sizes beyond 32 bits', () => {
    const treeSize = 2 ** 52 + 1;
    const path = [leaves[1]!];
    const root = crypto.sha256(concat(Uint8Array.of(1), leaves[1]!, leaves[0]!));
    expect(verifyInclusion(crypto, { index: treeSize - 1, treeSize, leaf: leaves[0]!, path, root })).toBe(true);
    expect(verifyInclusion(crypto, { index: 0, treeSize, leaf: leaves[0]!, path, root })).toBe(false);
  });
});
