/** Dice: choices from a seed. The same seed makes the same ones, so that a run can be had again. */
import { seededRandom } from '@sealane/shared/testing';

const UINT32_RANGE = 2 ** 32;

export class Dice {
  readonly #random: ReturnType<typeof seededRandom>;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** From 0 up to, not including, 1. */
  share(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.#random(4);
    return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) / UINT32_RANGE;
  }

  /** A whole number, both ends included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.share() * (max - min + 1));
  }

  /** @throws RangeError for an empty list. */
  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.between(0, items.length - 1)];
    if (item === undefined) throw new RangeError('"items" expected at least one');
    return item;
  }
}
