/**
 * Liveness: when to ping, and when a silent peer counts as dead (docs/protocols/session.md §4).
 * It is judged by encrypted packets alone, never by TCP; a program that slept itself condemns nobody.
 */

export class Liveness {
  /** Round trip of the last answered ping in ms; undefined before the first. */
  rttMs: number | undefined;
  #pingIntervalMs: number;
  #idleTimeoutMs: number;
  #lastReceivedAt: number;
  #pingSentAt = Number.NEGATIVE_INFINITY;
  #pingToken = 0;

  constructor(times: { readonly pingIntervalMs: number; readonly idleTimeoutMs: number }, now: number) {
    this.#pingIntervalMs = 0;
    this.#idleTimeoutMs = 0;
    this.#lastReceivedAt = now;
    this.useTimes(times);
  }

  /** Takes over the times that the server decided. A ping goes out in time for its answer, whatever they say. */
  useTimes(times: { readonly pingIntervalMs: number; readonly idleTimeoutMs: number }): void {
    this.#pingIntervalMs = Math.min(times.pingIntervalMs, times.idleTimeoutMs / 2);
    this.#idleTimeoutMs = times.idleTimeoutMs;
  }

  /** Something authentic came from the peer. */
  received(now: number): void {
    this.#lastReceivedAt = now;
  }

  /** This program did not run for a while: what the peer sent meanwhile may not have been read yet. */
  forgivePause(now: number): void {
    this.#lastReceivedAt = Math.max(this.#lastReceivedAt, now - this.#pingIntervalMs);
  }

  /** When `isDead` or `pingDue` may change, in ms. */
  get wantsTimeoutAt(): number {
    const deadAt = this.#lastReceivedAt + this.#idleTimeoutMs;
    const pingAt = Math.max(this.#lastReceivedAt, this.#pingSentAt) + this.#pingIntervalMs;
    return Math.min(deadAt, pingAt);
  }

  isDead(now: number): boolean {
    return now >= this.#lastReceivedAt + this.#idleTimeoutMs;
  }

  pingDue(now: number): boolean {
    return now >= Math.max(this.#lastReceivedAt, this.#pingSentAt) + this.#pingIntervalMs;
  }

  /** Notes that a ping goes out. @returns its token. */
  ping(now: number): number {
    this.#pingSentAt = now;
    this.#pingToken += 1;
    return this.#pingToken;
  }

  /** A pong came; only the answer to the last ping says how long the way is. */
  pong(token: number, now: number): void {
    if (token === this.#pingToken && this.#pingSentAt !== Number.NEGATIVE_INFINITY) this.rttMs = now - this.#pingSentAt;
  }
}
