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

/**
 * Resolves once `holds` gives true; it is asked again and again.
 *
 * @param what is waited for, for the message.
 * @param progress how far it came, for the message.
 * @throws PatienceError when the time is over; the reason of the signal when that is aborted.
 */
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
