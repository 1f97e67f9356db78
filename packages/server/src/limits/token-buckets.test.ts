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

  it('G1: reserves what will be there soon, one after the other, and nothing later', () => {
    const buckets = new TokenBuckets({ burst: 1, intervalMs: 1_000 });
    const waits = Array.from({ length: 4 }, () => buckets.reserve('a', 0, 2_000));
    expect(waits.map(({ isTaken, waitMs }) => [isTaken, waitMs])).toEqual([
      [true, 0],
      [true, 1_000],
      [true, 2_000],
      [false, 3_000],
    ]);
    expect([buckets.isInDebt('a', 1_999), buckets.isInDebt('a', 2_000), buckets.isInDebt('b', 0)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(buckets.take('a', 2_500)).toBe(500);
    expect(buckets.take('a', 3_000)).toBe(0);
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
