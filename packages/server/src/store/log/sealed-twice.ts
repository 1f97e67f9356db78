/**
 * What rebuilds the state is stored twice, each copy with its checksum: damage of one is survived. Events are stored once;
 * damage of one costs that one.
 *
 *   length u32 · CRC-32 u32 · bytes | the same again
 */
import { crc32 } from 'node:zlib';
import { RecordReader } from './record-reader.ts';

const LENGTH_BYTES = 4;
const HEADER_BYTES = 8;

/** @returns both copies, in memory of their own. */
export function sealTwice(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const half = HEADER_BYTES + bytes.length;
  const sealed = new Uint8Array(2 * half);
  const view = new DataView(sealed.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(LENGTH_BYTES, crc32(bytes));
  sealed.set(bytes, HEADER_BYTES);
  sealed.copyWithin(half, 0, half);
  return sealed;
}

/** @returns the bytes of a copy that is whole, and whether the other one is not; undefined where both are damaged. */
export function openEither(
  sealed: Uint8Array,
): { readonly bytes: Uint8Array; readonly isDamaged: boolean } | undefined {
  const half = sealed.length / 2;
  const first = openCopy(sealed.subarray(0, half));
  const second = openCopy(sealed.subarray(half));
  const bytes = first ?? second;
  if (bytes === undefined) return undefined;
  return { bytes, isDamaged: first === undefined || second === undefined };
}

function openCopy(copy: Uint8Array): Uint8Array | undefined {
  if (copy.length < HEADER_BYTES) return undefined;
  const reader = new RecordReader(copy);
  const length = reader.u32();
  const checksum = reader.u32();
  if (length !== copy.length - HEADER_BYTES) return undefined;
  const bytes = reader.bytes(length);
  return crc32(bytes) === checksum ? bytes : undefined;
}
