/**
 * RecordRows: finds event records in the batches of the log. A batch that was compacted has only the records that were
 * still held, and a map of where they are: offset before, bytes, offset now, each u32, by the offset before.
 */
import type { Compaction } from '../log/log-device.ts';
import type { Statements } from './statements.ts';

interface Row {
  readonly position: number;
  readonly live: Uint32Array | undefined;
  readonly records: Uint8Array;
}

const MAP_NUMBERS = 3;
const NOTHING = new Uint8Array(0);

export class RecordRows {
  readonly #statements: Statements;
  /** The batch that was read last: whoever catches up reads one after the other. */
  #last: Row | undefined;

  constructor(statements: Statements) {
    this.#statements = statements;
  }

  /** A view of a record; empty where it is gone. */
  read(position: number, bytes: number): Uint8Array {
    if (bytes === 0) return NOTHING;
    const row = this.#rowAt(position);
    if (row === undefined) return NOTHING;
    const offset = offsetIn(row, position, bytes);
    return offset < 0 ? NOTHING : row.records.subarray(offset, offset + bytes);
  }

  /** Rewrites a batch with the records that are held, without the others and without its head. */
  compact({ position, live }: Compaction): void {
    const row = this.#rowAt(position);
    if (row?.position !== position) return;
    const map = new Uint32Array(live.length * MAP_NUMBERS);
    const parts: Uint8Array[] = [];
    let end = 0;
    for (const [index, { offset, bytes }] of live.entries()) {
      const from = offsetIn(row, position + offset, bytes);
      map.set([offset, bytes, end], index * MAP_NUMBERS);
      parts.push(from < 0 ? new Uint8Array(bytes) : row.records.subarray(from, from + bytes));
      end += bytes;
    }
    const mapBytes = new Uint8Array(map.buffer);
    // Removed and added: a row that only shrank would keep its page to itself.
    this.#statements.trimBatch.run(position);
    this.#statements.addCompacted.run(position, end, mapBytes, Buffer.concat(parts));
    this.#last = undefined;
  }

  /** Batches may have changed. */
  forget(): void {
    this.#last = undefined;
  }

  #rowAt(position: number): Row | undefined {
    const last = this.#last;
    if (last !== undefined && position >= last.position && position < last.position + last.records.length) {
      if (last.live === undefined) return last;
    }
    const found = this.#statements.batchAt.get(position);
    if (found === undefined || !(found['records'] instanceof Uint8Array)) return undefined;
    const { live } = found;
    const map = live instanceof Uint8Array ? new Uint32Array(live.slice().buffer) : undefined;
    this.#last = { position: Number(found['position']), live: map, records: found['records'] };
    return this.#last;
  }
}

/** Where a record is in the bytes of its batch; -1 where it is not. */
function offsetIn({ position: start, live, records }: Row, position: number, bytes: number): number {
  const offset = position - start;
  if (live === undefined) return offset + bytes <= records.length ? offset : -1;
  let low = 0;
  let high = live.length / MAP_NUMBERS;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((live[middle * MAP_NUMBERS] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  const at = low * MAP_NUMBERS;
  return live[at] === offset && live[at + 1] === bytes ? (live[at + 2] ?? -1) : -1;
}
