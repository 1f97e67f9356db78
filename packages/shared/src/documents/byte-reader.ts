/** Reads the fixed fields of a document in order. Running out of bytes is a value, never an exception. */

/** A cursor over borrowed bytes; after a read past the end every read gives undefined. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** A copy of the next `size` bytes. */
  bytes(size: number): Uint8Array | undefined {
    const start = this.#advance(size);
    return start === undefined ? undefined : Uint8Array.from(this.#bytes.subarray(start, start + size));
  }

  u8(): number | undefined {
    const start = this.#advance(1);
    return start === undefined ? undefined : this.#view.getUint8(start);
  }

  u16(): number | undefined {
    const start = this.#advance(2);
    return start === undefined ? undefined : this.#view.getUint16(start);
  }

  u32(): number | undefined {
    const start = this.#advance(4);
    return start === undefined ? undefined : this.#view.getUint32(start);
  }

  /** A big-endian u64, or undefined above 2^53 − 1. */
  u64(): number | undefined {
    const start = this.#advance(8);
    if (start === undefined) return undefined;
    const value = Number(this.#view.getBigUint64(start));
    return Number.isSafeInteger(value) ? value : undefined;
  }

  /** A copy of all bytes that are left. */
  rest(): Uint8Array {
    const start = Math.min(this.#offset, this.#bytes.length);
    this.#offset = Math.max(this.#offset, this.#bytes.length);
    return Uint8Array.from(this.#bytes.subarray(start));
  }

  /** Whether every byte was read, and none was missing. */
  atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  #advance(size: number): number | undefined {
    const start = this.#offset;
    this.#offset = start + size;
    return this.#offset <= this.#bytes.length ? start : undefined;
  }
}
