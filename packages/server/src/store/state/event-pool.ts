/**
 * EventPool: where the bytes of each waiting event lie, once however many queues hold it. Columns of numbers in chunks;
 * whoever holds an event knows the number of its slot. Memory goes with the events that wait, not with those that ever were.
 */
import { assert } from '@sealane/shared/errors';

/** What is known of an event without reading it. */
export interface EventPlace {
  /** Position in the log of events. */
  readonly sequence: number;
  /** Of its record among all bytes ever written; 0 bytes long where the record was lost. */
  readonly position: number;
  readonly bytes: number;
  readonly publishedAt: number;
  readonly expiresAt: number;
}

/** Where the records lie: hears which of them somebody holds. */
export interface EventLog {
  hold(position: number, bytes: number): void;
  release(position: number, bytes: number): void;
}

const CHUNK_BITS = 10;
const CHUNK_SLOTS = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK_SLOTS - 1;
const NO_SLOT = 0xffff_ffff;
const FREE_POSITION = -1;

class PoolChunk {
  readonly sequence = new Float64Array(CHUNK_SLOTS);
  readonly position = new Float64Array(CHUNK_SLOTS);
  readonly publishedAt = new Float64Array(CHUNK_SLOTS);
  readonly expiresAt = new Float64Array(CHUNK_SLOTS);
  readonly bytes = new Uint32Array(CHUNK_SLOTS);
  /** How many hold it; of a free slot the next free one. */
  readonly references = new Uint32Array(CHUNK_SLOTS);
}

export class EventPool {
  readonly #chunks: PoolChunk[] = [];
  readonly #log: EventLog;
  #free = NO_SLOT;
  #used = 0;
  /** Events held by someone. */
  count = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Takes an event in, held `references` times. @returns its slot. */
  add(place: EventPlace, references: number): number {
    const slot = this.#takeSlot();
    const chunk = this.#chunkOf(slot);
    const index = slot & CHUNK_MASK;
    chunk.sequence[index] = place.sequence;
    chunk.position[index] = place.position;
    chunk.publishedAt[index] = place.publishedAt;
    chunk.expiresAt[index] = place.expiresAt;
    chunk.bytes[index] = place.bytes;
    chunk.references[index] = references;
    this.count += 1;
    this.#log.hold(place.position, place.bytes);
    return slot;
  }

  hold(slot: number): void {
    const { references } = this.#chunkOf(slot);
    references[slot & CHUNK_MASK] = (references[slot & CHUNK_MASK] ?? 0) + 1;
  }

  release(slot: number): void {
    const chunk = this.#chunkOf(slot);
    const index = slot & CHUNK_MASK;
    const left = (chunk.references[index] ?? 0) - 1;
    assert(left >= 0, 'an event was released more often than it was held');
    if (left > 0) {
      chunk.references[index] = left;
      return;
    }
    chunk.references[index] = this.#free;
    this.#free = slot;
    this.count -= 1;
    this.#log.release(chunk.position[index] ?? 0, chunk.bytes[index] ?? 0);
    chunk.position[index] = FREE_POSITION;
  }

  /**
   * Visits the events of some slots.
   *
   * @returns the slot to go on with; undefined at the end.
   */
  scan(from: number, count: number, visit: (position: number, bytes: number) => void): number | undefined {
    const to = Math.min(this.#used, from + count);
    for (let slot = from; slot < to; slot++) {
      const position = this.positionOf(slot);
      if (position !== FREE_POSITION) visit(position, this.bytesOf(slot));
    }
    return to < this.#used ? to : undefined;
  }

  sequenceOf(slot: number): number {
    return this.#chunkOf(slot).sequence[slot & CHUNK_MASK] ?? 0;
  }

  positionOf(slot: number): number {
    return this.#chunkOf(slot).position[slot & CHUNK_MASK] ?? 0;
  }

  bytesOf(slot: number): number {
    return this.#chunkOf(slot).bytes[slot & CHUNK_MASK] ?? 0;
  }

  publishedAtOf(slot: number): number {
    return this.#chunkOf(slot).publishedAt[slot & CHUNK_MASK] ?? 0;
  }

  expiresAtOf(slot: number): number {
    return this.#chunkOf(slot).expiresAt[slot & CHUNK_MASK] ?? 0;
  }

  placeOf(slot: number): EventPlace {
    return {
      sequence: this.sequenceOf(slot),
      position: this.positionOf(slot),
      bytes: this.bytesOf(slot),
      publishedAt: this.publishedAtOf(slot),
      expiresAt: this.expiresAtOf(slot),
    };
  }

  #takeSlot(): number {
    const free = this.#free;
    if (free !== NO_SLOT) {
      this.#free = this.#chunkOf(free).references[free & CHUNK_MASK] ?? NO_SLOT;
      return free;
    }
    const slot = this.#used++;
    if (slot >>> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new PoolChunk());
    return slot;
  }

  #chunkOf(slot: number): PoolChunk {
    const chunk = this.#chunks[slot >>> CHUNK_BITS];
    assert(chunk !== undefined, 'there is no event in this slot');
    return chunk;
  }
}
