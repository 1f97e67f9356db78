import { describe, expect, it } from '@jest/globals';
import { TokenBuckets } from './token-buckets.ts';

describe('TokenBuckets', () => {
  it('G1: lets a burst pass, then one after each interval, and says how long to wait', () => {
    const buckets = new TokenBuckets({ burst: 2, intervalMs: 1_000 });
    expect([buckets.take('a', 0), buckets.take('a', 0), buckets.take('a', 0)]).toEqual([0, 0, 1_000]);
    expect(buckets.take('b', 0)).toBe(0);
    expect(buckets.take('a', 400)).toBe(600);
    expect(buckets.take('a', 1_000)).toBe(0);
    expect(buckets.take('a', 1_000)).toBe(1_000);
  });

  it('never holds more than the burst', () => {
    const buckets = new TokenBuckets({ burst: 2, intervalMs: 1_000 });
    buckets.take('a', 0);
    expect([1, 2, 3].map(() => buckets.take('a', 1_000_000) === 0)).toEqual([true, true, false]);
    buckets.giveBack('a');
    expect(buckets.take('a', 1_000_000)).toBe(0);
  });

  it('forgets who is full again, and the oldest beyond its bound', () => {
    const buckets = new TokenBuckets({ burst: 2, intervalMs: 1_000 });
    buckets.take('a', 0);
    buckets.take('b', 2_000);
    expect(buckets.size).toBe(1);
    for (let count = 0; count < 70_000; count++) buckets.take(String(count), 2_000);
    expect(buckets.size).toBe(65_536);
  });
});
