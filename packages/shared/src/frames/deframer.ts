/**
 * Deframer: a byte stream in, whole frames out (docs/protocols/records.md §1).
 *
 * 1. `push` lends a chunk.
 * 2. `next` returns the frames in it one by one; a frame inside the chunk is a view, not a copy.
 * 3. What is left at the end is copied, so that the chunk may be reused.
 */
import { ProtocolError, assert } from '../errors/index.ts';
import { FRAME_HEADER_BYTES } from './frame.ts';

/** First allocation for a frame that spans chunks; doubled as its bytes arrive. */
const PARTIAL_BYTES_MIN = 1_024;

const NOTHING = new Uint8Array(0);

/**
 * Finds the frames in a byte stream, however the bytes were split or joined on the way.
 *
 * A length is checked before memory is taken for it, and memory is taken as bytes arrive, never ahead of them. The
 * memory for frames that span chunks is kept for the next one, until `release`.
 */
export class Deframer {
  /** Longest body accepted from now on, in bytes. */
  bodyBytesMax: number;
  #chunk: Uint8Array | undefined;
  #offset = 0;
  #partial = NOTHING;
  #partialLength = 0;

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax;
  }

  /** Bytes held of a frame that is not complete. */
  get pendingBytes(): number {
    return this.#partialLength;
  }

  /**
   * Lends `chunk` (borrowed until `next` has returned undefined).
   *
   * Every frame of the chunk before must have been taken.
   */
  push(chunk: Uint8Array): void {
    assert(this.#chunk === undefined, 'the chunk before was not drained');
    this.#chunk = chunk;
    this.#offset = 0;
  }

  /**
   * The next whole frame with its four length bytes in front, or undefined when more bytes are needed. A frame is
   * valid until the next call.
   *
   * @throws ProtocolError `E_TOO_LARGE` for a body over `bodyBytesMax`, `E_MALFORMED` for an empty body.
   */
  next(): Uint8Array | undefined {
    if (this.#chunk === undefined) return undefined;
    return this.#partialLength === 0 ? this.#nextFromChunk(this.#chunk) : this.#nextFromPartial(this.#chunk);
  }

  /** Gives back memory that nothing is in: for connections that have become idle, or are not read for now. */
  release(): void {
    if (this.#partialLength === 0) this.#partial = NOTHING;
    else if (this.#partialLength < this.#partial.length) this.#partial = this.#partial.slice(0, this.#partialLength);
  }

  #nextFromChunk(chunk: Uint8Array): Uint8Array | undefined {
    const start = this.#offset;
    const available = chunk.length - start;
    if (available >= FRAME_HEADER_BYTES) {
      const end = start + this.#frameBytes(chunk, start);
      if (end <= chunk.length) {
        this.#offset = end;
        return chunk.subarray(start, end);
      }
    }
    if (available > 0) this.#keep(chunk, available);
    this.#chunk = undefined;
    return undefined;
  }

  #nextFromPartial(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#partialLength < FRAME_HEADER_BYTES) this.#keep(chunk, FRAME_HEADER_BYTES - this.#partialLength);
    if (this.#partialLength >= FRAME_HEADER_BYTES) {
      const frameBytes = this.#frameBytes(this.#partial, 0);
      this.#keep(chunk, frameBytes - this.#partialLength, frameBytes);
      if (this.#partialLength === frameBytes) {
        this.#partialLength = 0;
        return this.#partial.subarray(0, frameBytes);
      }
    }
    this.#chunk = undefined;
    return undefined;
  }

  /** Copies up to `wanted` bytes of the chunk behind the partial frame, whose whole size, where known, is `frameBytes`. */
  #keep(chunk: Uint8Array, wanted: number, frameBytes = Number.POSITIVE_INFINITY): void {
    const taken = Math.min(wanted, chunk.length - this.#offset);
    const needed = this.#partialLength + taken;
    if (this.#partial.length < needed) {
      const doubled = Math.max(needed, PARTIAL_BYTES_MIN, this.#partial.length * 2);
      const grown = new Uint8Array(Math.max(needed, Math.min(doubled, frameBytes)));
      grown.set(this.#partial.subarray(0, this.#partialLength));
      this.#partial = grown;
    }
    this.#partial.set(chunk.subarray(this.#offset, this.#offset + taken), this.#partialLength);
    this.#partialLength = needed;
    this.#offset += taken;
  }

  /** Size of the whole frame whose length stands at `offset`, checked. */
  #frameBytes(bytes: Uint8Array, offset: number): number {
    const body =
      bytes[offset]! * 0x100_0000 + ((bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!);
    if (body > this.bodyBytesMax) throw new ProtocolError('E_TOO_LARGE', 'a frame is longer than the limit');
    if (body === 0) throw new ProtocolError('E_MALFORMED', 'a frame without a body');
    return FRAME_HEADER_BYTES + body;
  }
}
