/** A growable byte buffer with big-endian writes: where packets are encoded, straight into the record to be. */
import { assert } from '../errors/index.ts';

const CAPACITY_MIN = 256;

/**
 * Writes numbers (big-endian) and byte strings one after the other. `buffer` and `length` are public because the
 * generated codecs write into them in place; whoever writes there calls `reserve` first.
 */
export class ByteWriter {
  buffer: Uint8Array;
  view: DataView;
  length = 0;

  /** @param capacity bytes to start with; it doubles as needed. */
  constructor(capacity = CAPACITY_MIN) {
    this.buffer = new Uint8Array(capacity);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, capacity);
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2, CAPACITY_MIN));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
    this.view = new DataView(grown.buffer);
  }

  u8(value: number): this {
    assert(value >= 0 && value <= 0xff, 'u8 out of range');
    this.reserve(1);
    this.buffer[this.length++] = value;
    return this;
  }

  u16(value: number): this {
    assert(value >= 0 && value <= 0xffff, 'u16 out of range');
    this.reserve(2);
    this.view.setUint16(this.length, value);
    this.length += 2;
    return this;
  }

  u32(value: number): this {
    assert(value >= 0 && value <= 0xffff_ffff, 'u32 out of range');
    this.reserve(4);
    this.view.setUint32(this.length, value);
    this.length += 4;
    return this;
  }

  /** Appends a copy of `bytes`. */
  bytes(bytes: Uint8Array): this {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
    return this;
  }

  /** What was written, as a view: valid until the next write or `reset`. */
  written(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  /** Empties the writer and keeps its memory. */
  reset(): void {
    this.length = 0;
  }
}
