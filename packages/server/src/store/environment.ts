/** StoreEnvironment: the port, and the one of the system. */
import { performance } from 'node:perf_hooks';
import { systemRandom } from '@sealane/node/transport';

/** Port: what a store takes from outside, so that it runs under a virtual clock and a seeded random source. */
export interface StoreEnvironment {
  /** Wall clock in ms. It may not jump: see `systemStoreEnvironment`. */
  now(): number;
  random(size: number): Uint8Array;
  /** Calls once, later. @returns what cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/**
 * The system's. Its time is the wall clock of the start plus what a monotonic clock counted since, so that a jump of the
 * wall clock expires nothing (fault O3). Its timers keep no process alive.
 */
export const systemStoreEnvironment: StoreEnvironment = {
  now: () => Math.floor(performance.timeOrigin + performance.now()),
  random: systemRandom,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
