/** Packs rows for the way between the worker and the main thread, a bounded number of bytes at a time. */
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
    for (const number of numbers) this.#numbers.push(number);
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

/** Calls `each` with every row: the place of its first number among all, and its bytes, a view. */
export function unpackRows(
  { lengths, bytes }: PackedRows,
  count: number,
  each: (at: number, bytes: Uint8Array<ArrayBuffer>) => void,
): void {
  let offset = 0;
  for (let row = 0; row < lengths.length; row++) {
    const end = offset + (lengths[row] ?? 0);
    each(row * count, bytes.subarray(offset, end));
    offset = end;
  }
}
