import { describe, expect, it } from '@jest/globals';
import { RedisHealth } from './redis-health.ts';

describe('RedisHealth', () => {
  it('M5: a connection that fails again and again is told once, and is never well in between', () => {
    const told: string[] = [];
    const health = new RedisHealth(({ status, reasons }) => void told.push(`${status} ${reasons.join()}`));
    health.clearAll();
    for (let attempt = 0; attempt < 3; attempt++) health.replace(['redis-down', 'redis-auth'], 'redis-down');
    health.replace(['redis-down', 'redis-auth'], 'redis-auth');
    health.clearAll();
    expect(told).toEqual(['ready ', 'unavailable redis-down', 'unavailable redis-auth', 'ready ']);
  });
});
