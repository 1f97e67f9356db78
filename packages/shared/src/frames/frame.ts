/**
 * Frames: `[4-byte big-endian length][body]`, the length counting the bytes after it (docs/protocols/records.md §1).
 * Before the handshake ends a body is one clear handshake packet, after it a sealed record.
 */
import { assert } from '../errors/index.ts';

/** Bytes of the length in front of every body. */
export const FRAME_HEADER_BYTES = 4;

/** Longest body before authentication: 4 KiB hold every handshake packet with its payload. */
export const HANDSHAKE_FRAME_BODY_BYTES_MAX = 4_096;

/** `body` (1 to 2^32 - 1 bytes) with its length in front, in a new array. */
export function encodeFrame(body: Uint8Array): Uint8Array {
  assert(body.length > 0, 'a frame has a body');
  const frame = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  writeFrameLength(frame, body.length);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

/** Writes a body's length into the first four bytes of `target`. */
export function writeFrameLength(target: Uint8Array, bodyBytes: number): void {
  target[0] = bodyBytes >>> 24;
  target[1] = bodyBytes >>> 16;
  target[2] = bodyBytes >>> 8;
  target[3] = bodyBytes;
}
