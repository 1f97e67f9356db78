/** How long a redelivery waits: exponential, capped, with a fifth of jitter either way, so that failures do not march in step. */

const JITTER = 0.2;
/** Doublings beyond which the cap is reached for any sensible limits; keeps the power a finite number. */
const DOUBLINGS_MAX = 30;

/** @param failures from 1 on. @param random from 0 up to 1. */
export function backoffMs(
  failures: number,
  random: number,
  limits: { readonly backoffMsMin: number; readonly backoffMsMax: number },
): number {
  const doublings = Math.min(Math.max(failures - 1, 0), DOUBLINGS_MAX);
  const base = Math.min(limits.backoffMsMin * 2 ** doublings, limits.backoffMsMax);
  return base * (1 + JITTER * (2 * random - 1));
}
