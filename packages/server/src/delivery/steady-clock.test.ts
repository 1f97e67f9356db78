import { describe, expect, it } from '@jest/globals';
import { backoffMs } from './backoff.ts';
import { expiryOf } from './expiry.ts';
import { steadyClock } from './steady-clock.ts';

const DAY_MS = 86_400_000;

describe('steadyClock', () => {
  it('O3: a clock that is set a day ahead or back expires nothing early, and time goes on as it should', () => {
    const time = { wall: 1_800_000_000_000, monotonic: 5_000 };
    const clock = steadyClock({ wall: () => time.wall, monotonic: () => time.monotonic });
    const start = clock();
    for (const jumpMs of [DAY_MS, -2 * DAY_MS, 1_000]) {
      time.wall += jumpMs;
      const before = clock();
      expect(Math.abs(before - start)).toBeLessThan(DAY_MS / 100);
      time.wall += 60_000;
      time.monotonic += 60_000;
      const passed = clock() - before;
      expect(passed).toBeGreaterThan(59_000);
      expect(passed).toBeLessThan(61_000);
    }
  });

  it('a clock that was not set at the start is believed once it is', () => {
    const time = { wall: 1_000, monotonic: 0 };
    const clock = steadyClock({ wall: () => time.wall, monotonic: () => time.monotonic });
    expect(clock()).toBe(1_000);
    time.wall = 1_800_000_000_000;
    expect(clock()).toBe(1_800_000_000_000);
  });

  it('follows a small correction', () => {
    const time = { wall: 1_800_000_000_000, monotonic: 0 };
    const clock = steadyClock({ wall: () => time.wall, monotonic: () => time.monotonic });
    time.wall += 1_000;
    for (let count = 0; count < 600; count++) {
      time.wall += 1_000;
      time.monotonic += 1_000;
      clock();
    }
    expect(Math.abs(clock() - time.wall)).toBeLessThan(2);
  });
});

describe('times of events', () => {
  it('no event outlives what a number can say', () => {
    expect(expiryOf(1_000, 0)).toBe(Number.MAX_SAFE_INTEGER);
    expect(expiryOf(1_000, 500)).toBe(1_500);
    expect(expiryOf(1_000, Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('redeliveries wait longer each time, up to the cap, with a fifth of jitter', () => {
    const limits = { backoffMsMin: 1_000, backoffMsMax: 60_000 };
    expect([1, 2, 3, 7, 20, 5_000].map((failures) => backoffMs(failures, 0.5, limits))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000, 60_000,
    ]);
    expect(backoffMs(1, 0, limits)).toBe(800);
    expect(backoffMs(1, 1, limits)).toBe(1_200);
  });
});
