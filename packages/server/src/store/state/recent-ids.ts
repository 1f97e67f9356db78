/**
 * RecentIds: ids of events whose producers keep no outbox, for a day, in hourly tables that are dropped whole
 * (docs/protocols/delivery.md §3). An id is known by a keyed hash of 64 bits: 20 bytes and an index of 8 for each.
 */
import { ID_DEDUP_MS } from '../limits.ts';

/** Hash of an id within its sender. */
export interface IdHash {
  readonly low: number;
  readonly high: number;
}

/** What was stored under an id. */
export interface KnownId {
  readonly sequence: number;
  readonly contentHash: number;
}

const HOUR_MS = 3_600_000;
const CAPACITY_MIN = 64;

/** Ids of one hour, in the order in which they came. */
export class IdHour {
  /** Hours since 1970. */
  readonly hour: number;
  count = 0;
  /** Entries that the last checkpoint wrote. */
  savedCount = 0;
  #low = new Uint32Array(CAPACITY_MIN);
  #high = new Uint32Array(CAPACITY_MIN);
  #hashes = new Uint32Array(CAPACITY_MIN);
  #sequences = new Float64Array(CAPACITY_MIN);
  /** Open addressing: entry plus one, 0 for free. */
  #index = new Uint32Array(CAPACITY_MIN * 2);

  constructor(hour: number) {
    this.hour = hour;
  }

  find({ low, high }: IdHash): KnownId | undefined {
    const mask = this.#index.length - 1;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const entry = this.#index[at] ?? 0;
      if (entry === 0) return undefined;
      if (this.#low[entry - 1] === low && this.#high[entry - 1] === high) return this.knownAt(entry - 1);
    }
  }

  /** Adds an id that is not in it. */
  add({ low, high }: IdHash, { sequence, contentHash }: KnownId): void {
    if (this.count >= this.#low.length) this.#grow();
    const entry = this.count++;
    this.#low[entry] = low;
    this.#high[entry] = high;
    this.#hashes[entry] = contentHash;
    this.#sequences[entry] = sequence;
    this.#enter(entry);
  }

  hashAt(entry: number): IdHash {
    return { low: this.#low[entry] ?? 0, high: this.#high[entry] ?? 0 };
  }

  knownAt(entry: number): KnownId {
    return { sequence: this.#sequences[entry] ?? 0, contentHash: this.#hashes[entry] ?? 0 };
  }

  #enter(entry: number): void {
    const mask = this.#index.length - 1;
    let at = (this.#low[entry] ?? 0) & mask;
    while (this.#index[at] !== 0) at = (at + 1) & mask;
    this.#index[at] = entry + 1;
  }

  #grow(): void {
    const capacity = this.#low.length * 2;
    this.#low = grown(this.#low, capacity);
    this.#high = grown(this.#high, capacity);
    this.#hashes = grown(this.#hashes, capacity);
    const sequences = new Float64Array(capacity);
    sequences.set(this.#sequences);
    this.#sequences = sequences;
    this.#index = new Uint32Array(capacity * 2);
    for (let entry = 0; entry < this.count; entry++) this.#enter(entry);
  }
}

export class RecentIds {
  readonly #hours = new Map<number, IdHour>();
  readonly #key: IdHash;

  /** @param secret 8 bytes that senders do not know: nobody can choose ids that collide. */
  constructor(secret: Uint8Array) {
    const view = new DataView(secret.buffer, secret.byteOffset, secret.byteLength);
    this.#key = { low: view.getUint32(0), high: view.getUint32(4) };
  }

  get hours(): Iterable<IdHour> {
    return this.#hours.values();
  }

  hash(from: string, id: string): IdHash {
    let low = this.#key.low;
    let high = this.#key.high;
    const text = `${from}\0${id}`;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x9e37_79b1);
      low ^= low >>> 15;
      high = Math.imul(high ^ code, 0x5f35_6495);
      high = (high + Math.imul(low, 0x85eb_ca77)) | 0;
      high ^= high >>> 13;
    }
    return { low: mix(low ^ high), high: mix(Math.imul(high, 0xc2b2_ae3d) ^ low) };
  }

  find(hash: IdHash): KnownId | undefined {
    for (const hour of this.#hours.values()) {
      const known = hour.find(hash);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  /** Remembers an id; one that is known stays as it is. */
  add(hash: IdHash, known: KnownId, at: number): void {
    if (this.find(hash) === undefined) this.hourOf(Math.floor(at / HOUR_MS)).add(hash, known);
  }

  /** The table of an hour, made where it is missing. */
  hourOf(hour: number): IdHour {
    let table = this.#hours.get(hour);
    if (table === undefined) this.#hours.set(hour, (table = new IdHour(hour)));
    return table;
  }

  /** Drops the hours that are over for a day. @returns them. */
  dropOld(now: number): readonly number[] {
    const old = [...this.#hours.keys()].filter((hour) => (hour + 1) * HOUR_MS + ID_DEDUP_MS <= now);
    for (const hour of old) this.#hours.delete(hour);
    return old;
  }
}

/** The last step of MurmurHash3. */
function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function grown(column: Uint32Array<ArrayBuffer>, capacity: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(capacity);
  larger.set(column);
  return larger;
}
