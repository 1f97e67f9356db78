/** Packs rows for the way from the worker to the main thread, a bounded number of bytes at a time. */
import type { PackedRows } from './protocol.ts';

/** Bytes of one answer, roughly. */
const ANSWER_BYTES = 1_048_576;
const ANSWER_ROWS = 20_000;

export class RowPacker {
  readonly #numbers: number[] = [];
  readonly #parts: Uint8Array[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes >= ANSWER_BYTES || this.#parts.length >= ANSWER_ROWS;
  }

  add(numbers: readonly number[], bytes: Uint8Array): void {
    this.#numbers.push(...numbers);
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
  }

  pack(isLast: boolean): PackedRows {
    const bytes = new Uint8Array(this.#bytes);
    let offset = 0;
    for (const part of this.#parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    const lengths = Uint32Array.from(this.#parts, ({ length }) => length);
    return { numbers: Float64Array.from(this.#numbers), lengths, bytes, isLast };
  }
}
