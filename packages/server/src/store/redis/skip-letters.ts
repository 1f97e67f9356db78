/** Reasons of skips, as Redis holds them. */
import type { SkipReason } from '../store.ts';

export const REASON_LETTERS = {
  expired: 'e',
  retention: 'r',
  overflow: 'o',
  'dead-letter': 'd',
  purged: 'p',
} as const satisfies Record<SkipReason, string>;

export function skipReasonOf(letter: string): SkipReason {
  const entry = Object.entries(REASON_LETTERS).find(([, each]) => each === letter);
  return (entry?.[0] ?? 'purged') as SkipReason;
}
