/** Cache that forgets what was used longest ago. It is never the truth: whoever reads it checks that it still holds. */

interface Entry<T> {
  readonly value: T;
  readonly weight: number;
}

export class LruCache<T> {
  readonly #weightMax: number;
  /** A Map keeps the order of insertion: the first was used longest ago. */
  readonly #entries = new Map<string, Entry<T>>();
  #weight = 0;

  constructor(weightMax: number) {
    this.#weightMax = weightMax;
  }

  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  set(key: string, value: T, weight: number): void {
    this.delete(key);
    this.#entries.set(key, { value, weight });
    this.#weight += weight;
    for (const oldest of this.#entries.keys()) {
      if (this.#weight <= this.#weightMax || oldest === key) break;
      this.delete(oldest);
    }
  }

  /** Forgets every entry whose key begins so. */
  deleteAll(prefix: string): void {
    for (const key of [...this.#entries.keys()].filter((each) => each.startsWith(prefix))) this.delete(key);
  }

  delete(key: string): void {
    this.#weight -= this.#entries.get(key)?.weight ?? 0;
    this.#entries.delete(key);
  }
}
