/** Failed handshakes by address: a few within a window, then the address waits for the window's end. Memory is bounded. */

/** Addresses remembered at once; beyond that the oldest are forgotten. */
const ADDRESSES_MAX = 65_536;

interface Failures {
  count: number;
  readonly startedAt: number;
}

export class FailureWindow {
  readonly #failuresMax: number;
  readonly #windowMs: number;
  /** In order of their start, so that those which are over stand first. */
  readonly #byKey = new Map<string, Failures>();

  constructor(limits: { readonly failuresMax: number; readonly windowMs: number }) {
    this.#failuresMax = limits.failuresMax;
    this.#windowMs = limits.windowMs;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#byKey.size;
  }

  /** Notes a failure. @param now monotonic ms. */
  fail(key: string, now: number): void {
    this.#forget(now);
    const failures = this.#byKey.get(key);
    if (failures !== undefined) failures.count += 1;
    else this.#byKey.set(key, { count: 1, startedAt: now });
  }

  /** How long the address has to wait, in ms; 0 when it need not. */
  waitMs(key: string, now: number): number {
    const failures = this.#byKey.get(key);
    if (failures === undefined || failures.count < this.#failuresMax) return 0;
    return Math.max(0, Math.ceil(failures.startedAt + this.#windowMs - now));
  }

  /** Drops windows that are over, and the oldest where there are too many. */
  #forget(now: number): void {
    for (const [key, { startedAt }] of this.#byKey) {
      if (now - startedAt < this.#windowMs && this.#byKey.size < ADDRESSES_MAX) return;
      this.#byKey.delete(key);
    }
  }
}
