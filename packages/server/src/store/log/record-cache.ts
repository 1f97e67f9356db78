/** RecordCache: the batches that were written last, so that events that are delivered at once are read from memory. */
import type { LogBatch } from './log-device.ts';

type CachedBatch = Pick<LogBatch, 'position' | 'records'>;

/** What a batch takes beside its bytes. */
const BATCH_OVERHEAD_BYTES = 256;
/** In the place of one that had to go, so that its bytes do. */
const GONE: CachedBatch = { position: -1, records: new Uint8Array(0) };

export class RecordCache {
  readonly #bytesMax: number;
  #batches: CachedBatch[] = [];
  #from = 0;
  #bytes = 0;
  #hint = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds a batch that comes after all others. */
  add({ position, records }: CachedBatch): void {
    if (records.length === 0) return;
    this.#batches.push({ position, records });
    this.#bytes += records.length + BATCH_OVERHEAD_BYTES;
    while (this.#bytes > this.#bytesMax) {
      this.#bytes -= (this.#batches[this.#from]?.records.length ?? 0) + BATCH_OVERHEAD_BYTES;
      this.#batches[this.#from] = GONE;
      this.#from += 1;
    }
    if (this.#from * 2 <= this.#batches.length) return;
    this.#batches = this.#batches.slice(this.#from);
    this.#hint = 0;
    this.#from = 0;
  }

  /** A view of a record, where its batch is here. */
  find(position: number, bytes: number): Uint8Array | undefined {
    const batch = this.#batches[this.#indexOf(position)];
    if (batch === undefined) return undefined;
    const offset = position - batch.position;
    return offset + bytes <= batch.records.length ? batch.records.subarray(offset, offset + bytes) : undefined;
  }

  #indexOf(position: number): number {
    const hinted = this.#batches[this.#hint];
    if (hinted !== undefined && this.#hint >= this.#from) {
      if (position >= hinted.position && position < hinted.position + hinted.records.length) return this.#hint;
    }
    let low = this.#from;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#batches[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    const index = low - 1;
    if (index < this.#from) return -1;
    this.#hint = index;
    return index;
  }
}
