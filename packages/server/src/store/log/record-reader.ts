/** RecordReader: reads what RecordWriter wrote. Its callers have checked a checksum before. */

export class RecordReader {
  readonly #buffer: Buffer;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#buffer.length;
  }

  /** @throws RangeError when there are too few bytes; the same holds for all below. */
  u8(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  u16(): number {
    return this.#buffer.readUInt16BE(this.#take(2));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  /** A small whole number comes as one: in fields of a million objects V8 would keep it in an object of its own otherwise. */
  f64(): number {
    const value = this.#buffer.readDoubleBE(this.#take(8));
    const whole = value | 0;
    return whole === value ? whole : value;
  }

  text(): string {
    const size = this.u16();
    const start = this.#take(size);
    return this.#buffer.toString('utf8', start, start + size);
  }

  /** A view, not a copy. */
  bytes(size: number): Uint8Array {
    const start = this.#take(size);
    return this.#buffer.subarray(start, start + size);
  }

  #take(size: number): number {
    const start = this.offset;
    if (start + size > this.#buffer.length) throw new RangeError('the record ends too early');
    this.offset = start + size;
    return start;
  }
}
