/** The 4-byte header of a packet, `[id u8][length u24]`, written once the body stands behind it. */
import type { ByteWriter } from '../bytes/index.ts';

/**
 * Writes the header at `start` and takes over everything up to `end`: until then nothing was written.
 * The limits of the fields keep every body far below the 2^24 bytes that the length can tell.
 */
export function finishPacket(writer: ByteWriter, id: number, start: number, end: number): void {
  const buffer = writer.buffer;
  const size = end - start - 4;
  buffer[start] = id;
  buffer[start + 1] = size >>> 16;
  buffer[start + 2] = (size >>> 8) & 0xff;
  buffer[start + 3] = size & 0xff;
  writer.length = end;
}
