/**
 * TokenBuckets: how often each of many may do something: so many at once, and one back after each interval. Memory is
 * bounded: who waited long enough to be full again needs no entry, and beyond the bound the oldest entries are forgotten.
 */

/** Keys remembered at once. */
const KEYS_MAX = 65_536;

export interface BucketSize {
  /** What may happen at once. */
  readonly burst: number;
  /** After so long one more may happen. */
  readonly intervalMs: number;
}

interface Bucket {
  tokens: number;
  /** Monotonic ms of what `tokens` says. */
  at: number;
}

export class TokenBuckets {
  readonly #size: BucketSize;
  /** In the order in which they were used last. */
  readonly #byKey = new Map<string, Bucket>();

  constructor(size: BucketSize) {
    this.#size = size;
  }

  /** Keys remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Takes one. @param now monotonic ms. @returns 0, or the ms after which there is one again, and nothing was taken. */
  take(key: string, now: number): number {
    const tokens = this.#tokensOf(key, now);
    if (tokens < 1) return Math.ceil((1 - tokens) * this.#size.intervalMs);
    this.#byKey.delete(key);
    this.#byKey.set(key, { tokens: tokens - 1, at: now });
    this.#forget(now);
    return 0;
  }

  /**
   * Takes one that will be there within `waitMsMax`. @param now monotonic ms.
   *
   * @returns the ms to wait for it. Where it would take longer, `isTaken` is false and nothing was taken.
   */
  reserve(key: string, now: number, waitMsMax: number): { readonly isTaken: boolean; readonly waitMs: number } {
    const tokens = this.#tokensOf(key, now);
    const waitMs = tokens < 1 ? Math.ceil((1 - tokens) * this.#size.intervalMs) : 0;
    if (waitMs > waitMsMax) return { isTaken: false, waitMs };
    this.#byKey.delete(key);
    this.#byKey.set(key, { tokens: tokens - 1, at: now });
    this.#forget(now);
    return { isTaken: true, waitMs };
  }

  /** Whether somebody waits for what was reserved. */
  isInDebt(key: string, now: number): boolean {
    return this.#tokensOf(key, now) < 0;
  }

  /** Gives back what was taken for something that did not happen. */
  giveBack(key: string): void {
    const bucket = this.#byKey.get(key);
    if (bucket !== undefined) bucket.tokens = Math.min(this.#size.burst, bucket.tokens + 1);
  }

  #tokensOf(key: string, now: number): number {
    const { burst, intervalMs } = this.#size;
    const bucket = this.#byKey.get(key);
    return bucket === undefined ? burst : Math.min(burst, bucket.tokens + (now - bucket.at) / intervalMs);
  }

  /** Drops the entries at the front that are full again, and the oldest where there are too many. */
  #forget(now: number): void {
    const fullMs = this.#size.burst * this.#size.intervalMs;
    for (const [key, { at }] of this.#byKey) {
      if (now - at < fullMs && this.#byKey.size <= KEYS_MAX) return;
      this.#byKey.delete(key);
    }
  }
}
