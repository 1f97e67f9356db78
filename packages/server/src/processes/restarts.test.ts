import { describe, expect, it } from '@jest/globals';
import { EARLY_END_MS, EARLY_ENDS_MAX, Restarts } from './restarts.ts';

describe('Restarts', () => {
  it('S9: waits twice as long after each early end, and gives up after the last one', () => {
    const restarts = new Restarts();
    const delays = Array.from({ length: EARLY_ENDS_MAX }, () => restarts.onEnd(EARLY_END_MS - 1));
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, undefined]);
    expect(restarts.count).toBe(EARLY_ENDS_MAX);
  });

  it('S9: a long life makes up for the early ends before it', () => {
    const restarts = new Restarts();
    for (let end = 1; end < EARLY_ENDS_MAX; end++) restarts.onEnd(0);
    expect(restarts.onEnd(EARLY_END_MS)).toBe(0);
    expect(restarts.onEnd(0)).toBe(250);
  });
});
