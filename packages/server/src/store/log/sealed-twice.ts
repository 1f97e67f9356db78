/**
 * What rebuilds the state is stored twice, each copy with its checksum: damage of one is survived. Events are stored once;
 * damage of one costs that one.
 *
 *   length u32 · CRC-32 u32 · bytes | the same again
 */
import { crc32 } from 'node:zlib';

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
  const buffer = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  const half = buffer.length / 2;
  const first = openCopy(buffer, 0, half);
  // Of two that are the same one look is enough: a start opens a million of them.
  if (first !== undefined && buffer.compare(buffer, half, buffer.length, 0, half) === 0)
    return { bytes: first, isDamaged: false };
  const second = openCopy(buffer, half, buffer.length);
  const bytes = first ?? second;
  if (bytes === undefined) return undefined;
  return { bytes, isDamaged: first === undefined || second === undefined };
}

function openCopy(buffer: Buffer, start: number, end: number): Uint8Array | undefined {
  if (!Number.isInteger(end - start) || end - start < HEADER_BYTES) return undefined;
  const length = buffer.readUInt32BE(start);
  if (length !== end - start - HEADER_BYTES) return undefined;
  const bytes = buffer.subarray(start + HEADER_BYTES, end);
  return crc32(bytes) === buffer.readUInt32BE(start + LENGTH_BYTES) ? bytes : undefined;
}
