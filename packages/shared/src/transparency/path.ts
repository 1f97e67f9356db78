/** Proofs of the log as they travel: hashes one after the other; an inclusion proof begins with the index of its leaf. */
import { ByteWriter, concat } from '../bytes/index.ts';
import { SIZES, expectSize } from '../crypto/index.ts';
import { ByteReader } from '../documents/index.ts';
import { TREE_PROOF_BYTES_MAX } from '../packets/index.ts';
import { writeUint } from './write-uint.ts';

/** That a leaf is in the tree. */
export interface InclusionProof {
  /** Place of the leaf. */
  readonly index: number;
  /** Hashes from the leaf's sibling up, 32 bytes each. */
  readonly path: readonly Uint8Array[];
}

const INDEX_BYTES = 8;

/** @throws RangeError for a hash of another size. */
export function encodePath(hashes: readonly Uint8Array[]): Uint8Array {
  for (const hash of hashes) expectSize('hash', hash, SIZES.hash);
  return concat(...hashes);
}

/** @returns the hashes; none for no bytes; undefined where the bytes are no proof. */
export function decodePath(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (bytes.length % SIZES.hash !== 0 || bytes.length > TREE_PROOF_BYTES_MAX) return undefined;
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += SIZES.hash) {
    hashes.push(Uint8Array.from(bytes.subarray(offset, offset + SIZES.hash)));
  }
  return hashes;
}

/** @throws RangeError for a field outside its range. */
export function encodeInclusion({ index, path }: InclusionProof): Uint8Array {
  const writer = new ByteWriter();
  writeUint(writer, 'index', index);
  return writer.bytes(encodePath(path)).toBytes();
}

/** @returns undefined where the bytes are no inclusion proof. */
export function decodeInclusion(bytes: Uint8Array): InclusionProof | undefined {
  const index = new ByteReader(bytes).u64();
  const path = bytes.length < INDEX_BYTES ? undefined : decodePath(bytes.subarray(INDEX_BYTES));
  return index === undefined || path === undefined ? undefined : { index, path };
}
