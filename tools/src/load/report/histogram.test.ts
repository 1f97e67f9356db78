import { expect, it } from '@jest/globals';
import { Histogram } from './histogram.ts';

it('percentiles are right within a bucket', () => {
  const histogram = new Histogram();
  for (let ms = 1; ms <= 1_000; ms++) histogram.add(ms);
  const { count, p50, p99, max } = histogram.percentiles();
  expect(count).toBe(1_000);
  for (const [is, exact] of [
    [p50, 500],
    [p99, 990],
    [max, 1_000],
  ] as const)
    expect(Math.abs(is / exact - 1)).toBeLessThan(0.023);
});

it('those of several processes add up, none has no samples', () => {
  const [one, other] = [new Histogram(), new Histogram()];
  expect(one.percentiles()).toMatchObject({ count: 0, p50: 0, max: 0 });
  other.add(0);
  other.add(4_000_000);
  one.merge(other.counts);
  expect(one.percentiles()).toMatchObject({ count: 2 });
  expect(one.percentiles().max).toBeGreaterThan(3_900_000);
});
