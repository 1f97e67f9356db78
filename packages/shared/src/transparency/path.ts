/** Proofs of the log as they travel (docs/protocols/messaging-formats.md §2). What they prove is judged elsewhere. */
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

/** A consistency proof (RFC 9162 §2.1.4) as it travels. @throws RangeError for a hash that is not 32 bytes. */
export function encodePath(hashes: readonly Uint8Array[]): Uint8Array {
  for (const hash of hashes) expectSize('hash', hash, SIZES.hash);
  return concat(...hashes);
}

/** Reads what `encodePath` gives. @returns the hashes; none for no bytes; undefined where the bytes are no proof. */
export function decodePath(bytes: Uint8Array): readonly Uint8Array[] | undefined {
  if (bytes.length % SIZES.hash !== 0 || bytes.length > TREE_PROOF_BYTES_MAX) return undefined;
  const hashes: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; offset += SIZES.hash) {
    hashes.push(Uint8Array.from(bytes.subarray(offset, offset + SIZES.hash)));
  }
  return hashes;
}

/**
 * An inclusion proof (RFC 9162 §2.1.3) as it travels: index (u64) ‖ path.
 *
 * @throws RangeError for an index that is no integer from 0 to 2^53 − 1, or a hash that is not 32 bytes.
 */
export function encodeInclusion({ index, path }: InclusionProof): Uint8Array {
  const writer = new ByteWriter();
  writeUint(writer, 'index', index);
  return writer.bytes(encodePath(path)).toBytes();
}

/** Reads what `encodeInclusion` gives. @returns undefined where the bytes are no inclusion proof. */
export function decodeInclusion(bytes: Uint8Array): InclusionProof | undefined {
  const index = new ByteReader(bytes).u64();
  const path = bytes.length < INDEX_BYTES ? undefined : decodePath(bytes.subarray(INDEX_BYTES));
  return index === undefined || path === undefined ? undefined : { index, path };
}
