/** RecordWriter: numbers (big-endian) and texts one after the other, in a buffer that grows and is used again. */
const CAPACITY_MIN = 1_024;
const TEXT_LENGTH_BYTES = 2;
/** UTF-8 bytes that one UTF-16 unit takes at most. */
const UTF8_BYTES_MAX = 3;

export class RecordWriter {
  buffer: Buffer;
  length = 0;

  constructor(capacity = CAPACITY_MIN) {
    this.buffer = allocate(capacity);
  }

  /** Makes room for `size` more bytes. */
  reserve(size: number): void {
    const needed = this.length + size;
    if (needed <= this.buffer.length) return;
    const grown = allocate(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(grown, 0, 0, this.length);
    this.buffer = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    const { buffer, length } = this;
    buffer[length] = value >>> 24;
    buffer[length + 1] = value >>> 16;
    buffer[length + 2] = value >>> 8;
    buffer[length + 3] = value;
    this.length = length + 4;
  }

  /** A number of 64 bits (IEEE 754): every safe integer. */
  f64(value: number): void {
    this.reserve(8);
    this.length = this.buffer.writeDoubleBE(value, this.length);
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Text of at most 65,535 bytes, after its length. */
  text(text: string): void {
    this.reserve(TEXT_LENGTH_BYTES + text.length * UTF8_BYTES_MAX);
    const { buffer } = this;
    const start = this.length + TEXT_LENGTH_BYTES;
    let end = start;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        end = start + buffer.write(text, start, 'utf8');
        break;
      }
      buffer[end++] = code;
    }
    const size = end - start;
    buffer[this.length] = size >>> 8;
    buffer[this.length + 1] = size;
    this.length = end;
  }

  /** A copy of what was written, in memory of its own. */
  take(): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(this.length);
    copy.set(this.buffer.subarray(0, this.length));
    this.length = 0;
    return copy;
  }
}

/** Memory of its own: nothing else is in its ArrayBuffer. */
function allocate(capacity: number): Buffer {
  return Buffer.from(new ArrayBuffer(capacity));
}
