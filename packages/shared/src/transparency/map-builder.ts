/**
 * Builds the map (`map-proof.ts`) and its proofs over stored nodes. Stored is, under the bits of its path, each subtree that
 * is not empty: a leaf where it is alone, or the hashes of both halves. Names are never given up, so leaves are
 * added and replaced, and never removed.
 *
 *     0x00 (1) ‖ key (32) ‖ count (u32) ‖ entryHash (32), or 0x01 (1) ‖ left (32) ‖ right (32)
 */
import { ByteWriter, equalBytes } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto } from '../crypto/index.ts';
import { ByteReader } from '../documents/index.ts';
import { assert } from '../errors/index.ts';
import { mapNodeHash } from './hashing.ts';
import { EMPTY_MAP_ROOT, hashMapLeaf, keyBit, type MapLeaf, type MapProof, type MapValue } from './map-proof.ts';
import type { NodeAddress, NodeWrite, Steps } from './steps.ts';

/** The map after a change. */
export interface MapUpdate {
  readonly root: Uint8Array;
  readonly writes: readonly NodeWrite[];
}

/** A stored node. */
type MapNode = { readonly leaf: MapLeaf } | { readonly halves: readonly [Uint8Array, Uint8Array] };

const LEAF = 0x00;
const HALVES = 0x01;
const ROOT: NodeAddress = '';

/** Root of the map as it is stored. */
export function* mapRoot(crypto: Crypto): Steps<Uint8Array> {
  return hashNode(crypto, readNode(yield ROOT));
}

/** What the map says of a key (32 bytes), as it is stored. */
export function* mapProof(key: Uint8Array): Steps<MapProof> {
  const siblings: (Uint8Array | undefined)[] = [];
  for (let address = ROOT; ; address += String(keyBit(key, address.length))) {
    const node = readNode(yield address);
    if (node === undefined || 'leaf' in node) return { siblings, leaf: node?.leaf };
    const sibling = node.halves[keyBit(key, address.length) === 0 ? 1 : 0];
    siblings.push(equalBytes(sibling, EMPTY_MAP_ROOT) ? undefined : sibling);
  }
}

/** Sets what the map holds at a key (32 bytes). */
export function* putMapValue(crypto: Crypto, key: Uint8Array, value: MapValue): Steps<MapUpdate> {
  expectSize('key', key, SIZES.hash);
  expectSize('entryHash', value.entryHash, SIZES.hash);
  const added: MapLeaf = { key, count: value.count, entryHash: value.entryHash };
  const { siblings, leaf } = yield* mapProof(key);
  const writes: NodeWrite[] = [];
  const path = [...siblings];
  if (leaf !== undefined && !equalBytes(leaf.key, key)) {
    // Another leaf was alone here: both move down to where their keys part.
    while (keyBit(leaf.key, path.length) === keyBit(key, path.length)) path.push(undefined);
    const otherAddress = pathOf(leaf.key, path.length + 1);
    writes.push({ address: otherAddress, node: encodeNode({ leaf }) });
    path.push(hashMapLeaf(crypto, leaf));
  }
  writes.push({ address: pathOf(key, path.length), node: encodeNode({ leaf: added }) });
  let hash = hashMapLeaf(crypto, added);
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const sibling = path[depth] ?? EMPTY_MAP_ROOT;
    const halves = keyBit(key, depth) === 0 ? ([hash, sibling] as const) : ([sibling, hash] as const);
    writes.push({ address: pathOf(key, depth), node: encodeNode({ halves }) });
    hash = mapNodeHash(crypto, ...halves);
  }
  return { root: hash, writes };
}

function hashNode(crypto: Crypto, node: MapNode | undefined): Uint8Array {
  if (node === undefined) return EMPTY_MAP_ROOT;
  return 'leaf' in node ? hashMapLeaf(crypto, node.leaf) : mapNodeHash(crypto, ...node.halves);
}

function pathOf(key: Uint8Array, depth: number): NodeAddress {
  let address = ROOT;
  while (address.length < depth) address += String(keyBit(key, address.length));
  return address;
}

function encodeNode(node: MapNode): Uint8Array {
  const writer = new ByteWriter();
  if ('halves' in node) return writer.u8(HALVES).bytes(node.halves[0]).bytes(node.halves[1]).toBytes();
  return writer.u8(LEAF).bytes(node.leaf.key).u32(node.leaf.count).bytes(node.leaf.entryHash).toBytes();
}

function readNode(bytes: Uint8Array | undefined): MapNode | undefined {
  if (bytes === undefined) return undefined;
  const reader = new ByteReader(bytes);
  const kind = reader.u8();
  const first = reader.bytes(SIZES.hash);
  const count = kind === LEAF ? reader.u32() : 0;
  const second = reader.bytes(SIZES.hash);
  assert(first !== undefined && count !== undefined && second !== undefined, 'a node of the map is damaged');
  return kind === LEAF ? { leaf: { key: first, count, entryHash: second } } : { halves: [first, second] };
}
