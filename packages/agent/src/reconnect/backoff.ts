/**
 * Backoff: how long an agent waits before its next attempt. Time comes in as durations and randomness is a parameter.
 */
import { reconnectPolicy, type ReconnectPolicy } from './policy.ts';

/** What is known of the failure before the wait. */
export interface BackoffReason {
  /** The server's wish, from inside the encrypted connection: not before this time. */
  readonly notBeforeMs?: number;
  /** The wish of someone unknown, in clear: obeyed only up to the cap. */
  readonly hintMs?: number;
  /** How long the connection was open that was lost; undefined when none was made. */
  readonly connectedMs?: number;
}

/** Longest wish of a server that is obeyed. */
const NOT_BEFORE_MS_MAX = 3_600_000;

/** Part of the bound below which no wait falls, so that a run of small random numbers is no busy loop. */
const FLOOR_PART = 8;

/**
 * Waits between attempts: exponential with jitter over all but the lowest eighth, capped, and reset only after a
 * connection that was stable. What a server says about coming back is added, never taken instead.
 */
export class Backoff {
  #policy: ReconnectPolicy;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random a number from 0 up to, not including, 1. */
  constructor(policy: ReconnectPolicy, random: () => number) {
    this.#policy = reconnectPolicy(policy, {});
    this.#random = random;
  }

  /** Attempts since the last stable connection. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Takes over the times that a server handed out. */
  usePolicy(changes: Partial<ReconnectPolicy>): void {
    this.#policy = reconnectPolicy(this.#policy, changes);
  }

  /** Counts an attempt. @returns how long to wait before it, in whole ms. */
  next(reason: BackoffReason = {}): number {
    const { baseMs, capMs, windowMs, stableAfterMs } = this.#policy;
    if (reason.connectedMs !== undefined && reason.connectedMs >= stableAfterMs) this.#attempts = 0;
    const exponent = Math.min(this.#attempts, 32);
    this.#attempts += 1;
    const grown = Math.min(capMs, baseMs * 2 ** exponent);
    const bound = reason.connectedMs === undefined ? grown : Math.max(grown, windowMs);
    const floor = grown / FLOOR_PART;
    const hint = Math.min(reason.hintMs ?? 0, capMs);
    const notBefore = Math.min(reason.notBeforeMs ?? 0, NOT_BEFORE_MS_MAX);
    return Math.round(Math.max(hint, notBefore) + floor + this.#random() * (bound - floor));
  }
}
