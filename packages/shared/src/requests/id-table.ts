/**
 * A map for ids that rise and do not live long: requests in flight. A `Map` under such use makes a new table every few
 * entries, and each old one, once promoted, keeps all later ones and what they held from V8's small collections: the
 * client of the benchmark spent 40 % of its time in large ones (docs/decisions/0008).
 *
 * An id has its place by its lowest bits. Where a younger id needs the place, the older one moves to a `Map` for the few
 * that live long.
 */

/** In the places that are free: no id is negative. */
const FREE = -1;

const PLACES_MIN = 16;
/** Idle connections have empty tables. Shared, and never written: a table grows before it takes anything. */
const NO_IDS: number[] = [FREE];
const NO_VALUES: undefined[] = [undefined];

const PLACES_MAX = 2_048;

/** Values by id; ids are whole numbers from 0 on. */
export class IdTable<Value> {
  #ids = NO_IDS;
  #values: (Value | undefined)[] = NO_VALUES;
  #old: Map<number, Value> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(id: number): boolean {
    return this.#ids[id % this.#ids.length] === id || (this.#old?.has(id) ?? false);
  }

  get(id: number): Value | undefined {
    const place = id % this.#ids.length;
    return this.#ids[place] === id ? this.#values[place] : this.#old?.get(id);
  }

  /** Adds a value under an id that is not there yet. */
  add(id: number, value: Value): void {
    if ((this.#size + 1) * 2 > this.#ids.length && this.#ids.length < PLACES_MAX) this.#grow();
    this.#size += 1;
    this.#place(id, value);
  }

  /** @returns whether the id was there. */
  delete(id: number): boolean {
    const place = id % this.#ids.length;
    if (this.#ids[place] === id) {
      this.#ids[place] = FREE;
      this.#values[place] = undefined;
    } else if (this.#old?.delete(id) !== true) return false;
    this.#size -= 1;
    return true;
  }

  /** All ids with their values, in no order; what is deleted meanwhile may still come. */
  entries(): [number, Value][] {
    const entries: [number, Value][] = [...(this.#old ?? [])];
    for (const [place, id] of this.#ids.entries()) if (id !== FREE) entries.push([id, this.#values[place] as Value]);
    return entries;
  }

  clear(): void {
    this.#ids = NO_IDS;
    this.#values = NO_VALUES;
    this.#old = undefined;
    this.#size = 0;
  }

  #place(id: number, value: Value): void {
    const place = id % this.#ids.length;
    const there = this.#ids[place]!;
    if (there !== FREE) {
      this.#old ??= new Map();
      this.#old.set(there, this.#values[place] as Value);
    }
    this.#ids[place] = id;
    this.#values[place] = value;
  }

  #grow(): void {
    const entries = this.entries();
    const places = Math.max(this.#ids.length * 2, PLACES_MIN);
    this.#ids = new Array<number>(places).fill(FREE);
    this.#values = new Array<Value | undefined>(places).fill(undefined);
    this.#old = undefined;
    for (const [id, value] of entries) this.#place(id, value);
  }
}
