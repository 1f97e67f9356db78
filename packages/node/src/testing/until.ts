/** Waiting for what has to come to pass, with an end to the patience. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 10;

/** How long to wait. */
export interface Patience {
  readonly limitMs: number;
  /** Gives up. */
  readonly signal?: AbortSignal | undefined;
}

/** It did not come to pass in time. */
export class PatienceError extends Error {}

/** @throws PatienceError with `what` and how far it came; the reason of the signal. */
export async function until(
  what: string,
  holds: () => boolean,
  { limitMs, signal }: Patience,
  progress: () => string = () => '',
): Promise<void> {
  const endAt = performance.now() + limitMs;
  while (!holds()) {
    signal?.throwIfAborted();
    if (performance.now() > endAt)
      throw new PatienceError(`within ${limitMs / 1_000} s not so: ${what} ${progress()}`.trim());
    await sleep(LOOK_MS);
  }
}
