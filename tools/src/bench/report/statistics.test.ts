import { describe, expect, it } from '@jest/globals';
import { median, percentile, spread } from './statistics.ts';

describe('statistics', () => {
  it('the median is the middle, or the mean of the two in the middle, whatever the order', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([10, 4, 1, 2])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('a percentile is the nearest rank of sorted samples', () => {
    const samples = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(percentile(samples, 50)).toBe(100);
    expect(percentile(samples, 99)).toBe(198);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([], 50)).toBe(0);
  });

  it('the spread is the smallest and the largest', () => {
    expect(spread([2, 9, 4])).toEqual({ min: 2, max: 9 });
  });
});
