/** Dice: chance for tests and tools that can be had again, by SplitMix32. */

/** The step of SplitMix32: small, fast, and good enough to tell two runs apart. */
const GOLDEN = 0x9e37_79b9;

/**
 * Chance from a seed (32 bits), never for real keys. The same seed throws the same, so that a run can be had again;
 * each use has dice of its own (`fork`), so that one more throw here changes nothing there.
 */
export class Dice {
  readonly #seed: number;
  #state: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
    this.#state = this.#seed;
  }

  /** Dice of their own for one use, the same for the same name. */
  fork(name: string): Dice {
    let hash = 2_166_136_261 ^ this.#seed;
    for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619);
    return new Dice(new Dice(hash).#next());
  }

  /** From 0 up to, and without, 1. */
  fraction(): number {
    return this.#next() / 2 ** 32;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** A number from `low` up to `high`, not whole. */
  between(low: number, high: number): number {
    return low + this.fraction() * (high - low);
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1));
  }

  /** Small ones more often: every size from `low` to `high` has its turn. */
  skewed(low: number, high: number): number {
    return low * (high / low) ** this.fraction();
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.fraction() * items.length)];
    if (item === undefined) throw new RangeError('"items" expected at least one');
    return item;
  }

  /** The index of one of these weights. */
  weighted(weights: readonly number[]): number {
    let rest = this.fraction() * weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) {
      rest -= weight;
      if (rest < 0) return index;
    }
    return weights.length - 1;
  }

  fill(bytes: Uint8Array): Uint8Array {
    for (let index = 0; index < bytes.length; index++) bytes[index] = this.#next() & 0xff;
    return bytes;
  }

  readonly bytes = (size: number): Uint8Array => this.fill(new Uint8Array(size));

  #next(): number {
    this.#state = (this.#state + GOLDEN) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }
}
