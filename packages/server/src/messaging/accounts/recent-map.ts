/** RecentMap: a map that keeps what was used last, up to a number of entries, and to a weight of all of them together. */

interface Entry<Value> {
  readonly value: Value;
  readonly weight: number;
}

export class RecentMap<Value> {
  readonly #sizeMax: number;
  readonly #weightMax: number;
  readonly #weigh: (value: Value) => number;
  readonly #entries = new Map<string, Entry<Value>>();
  #weight = 0;

  /** @param about what one entry weighs, and all may; the newest stays whatever it weighs. Default: nothing. */
  constructor(
    sizeMax: number,
    about: { readonly weightMax: number; readonly weigh: (value: Value) => number } = { weightMax: 0, weigh: () => 0 },
  ) {
    this.#sizeMax = sizeMax;
    this.#weightMax = about.weightMax;
    this.#weigh = about.weigh;
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    const entry = { value, weight: this.#weigh(value) };
    this.#entries.set(key, entry);
    this.#weight += entry.weight;
    for (const oldest of this.#entries.keys()) {
      const isWithin = this.#entries.size <= this.#sizeMax && this.#weight <= this.#weightMax;
      if (isWithin || oldest === key) return;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
