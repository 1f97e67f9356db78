/** Time as delivery needs it: a monotonic clock and one-shot timers. The system's, or a virtual one in tests. */
import { monotonicNow } from '@sealane/node/transport';

/** Takes a timer back. */
export type Cancel = () => void;

export interface Timers {
  /** Monotonic ms. */
  now(): number;
  /** Runs something once, after some ms. */
  after(delayMs: number, run: () => void): Cancel;
}

/** Longest delay of one timer of Node.js, in ms. */
const DELAY_MS_MAX = 2_147_483_647;

export const systemTimers: Timers = {
  now: monotonicNow,
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(Math.max(Math.ceil(delayMs), 0), DELAY_MS_MAX));
    return () => clearTimeout(timer);
  },
};
