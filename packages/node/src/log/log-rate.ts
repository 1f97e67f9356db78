/** Bounds how often one message may be logged, so that a peer cannot fill the disk (fault O5). */

/** What to do with a message: write it or not, and how many of it were left out before. */
export interface RateDecision {
  readonly write: boolean;
  /** Messages of this text left out since the last one written; reported with the next that is written. */
  readonly suppressed: number;
}

interface Bucket {
  windowStartMs: number;
  written: number;
  suppressed: number;
}

/** Message texts that are told apart; when there are more, all others share one bucket. */
const TEXTS_MAX = 512;
const WINDOW_MS = 1_000;
const OTHERS = '\0others';

/** Counts per message text in windows of one second. */
export class LogRate {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecondMax: number;
  readonly #now: () => number;

  /** @param now monotonic milliseconds. */
  constructor(perSecondMax: number, now: () => number) {
    this.#perSecondMax = perSecondMax;
    this.#now = now;
  }

  decide(text: string): RateDecision {
    const nowMs = this.#now();
    const bucket = this.#bucketOf(text, nowMs);
    if (nowMs - bucket.windowStartMs >= WINDOW_MS) {
      bucket.windowStartMs = nowMs;
      bucket.written = 0;
    }
    if (bucket.written >= this.#perSecondMax) {
      bucket.suppressed++;
      return { write: false, suppressed: 0 };
    }
    bucket.written++;
    const { suppressed } = bucket;
    bucket.suppressed = 0;
    return { write: true, suppressed };
  }

  /** Texts with messages left out that nothing has reported yet, and their counts; they count as reported then. */
  takeSuppressed(): readonly (readonly [text: string, suppressed: number])[] {
    const nowMs = this.#now();
    const taken: [string, number][] = [];
    for (const [text, bucket] of this.#buckets) {
      if (bucket.suppressed > 0) taken.push([text === OTHERS ? 'other messages' : text, bucket.suppressed]);
      bucket.suppressed = 0;
      if (nowMs - bucket.windowStartMs >= WINDOW_MS) this.#buckets.delete(text);
    }
    return taken;
  }

  #bucketOf(text: string, nowMs: number): Bucket {
    const key = this.#buckets.has(text) || this.#buckets.size < TEXTS_MAX ? text : OTHERS;
    const known = this.#buckets.get(key);
    if (known !== undefined) return known;
    const bucket = { windowStartMs: nowMs, written: 0, suppressed: 0 };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}
