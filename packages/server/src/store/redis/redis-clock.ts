/**
 * RedisClock: expiry and due times of all nodes are of one clock, Redis' own; clocks of nodes may differ by minutes (M8).
 * It turns a node's wall clock into it and back.
 */
import { FOREVER_MS } from './times.ts';

/** Nodes of one machine get the same offset: what the way to Redis takes is below it. */
const OFFSET_STEP_MS = 100;

export class RedisClock {
  readonly #wallClock: () => number;
  #offsetMs = 0;

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  /** Takes note of what Redis' clock shows now. */
  set(redisMs: number): void {
    this.#offsetMs = Math.round((redisMs - this.#wallClock()) / OFFSET_STEP_MS) * OFFSET_STEP_MS;
  }

  /** Redis' clock, as far as this node knows. */
  now(): number {
    return this.#wallClock() + this.#offsetMs;
  }

  toRedis(wallMs: number): number {
    return wallMs >= FOREVER_MS ? FOREVER_MS : wallMs + this.#offsetMs;
  }

  fromRedis(redisMs: number): number {
    return redisMs >= FOREVER_MS ? FOREVER_MS : redisMs - this.#offsetMs;
  }
}
