/** The one form of large integers in this folder: a big-endian u64 up to 2^53 − 1, as `ByteReader.u64` reads it. */
import type { ByteWriter } from '../bytes/index.ts';

/** @throws RangeError for what is not an integer from 0 to 2^53 − 1. */
export function writeUint(writer: ByteWriter, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`"${name}" expected an integer, got ${value}`);
  writer.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
}
