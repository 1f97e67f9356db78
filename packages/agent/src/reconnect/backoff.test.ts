import { describe, expect, it } from '@jest/globals';
import { ProtocolError, TransportError, ConfigError } from '@sealane/shared/errors';
import { Backoff } from './backoff.ts';
import { DEFAULT_RECONNECT_POLICY, reconnectPolicy } from './policy.ts';
import { isTerminal } from './terminal.ts';

const policy = { baseMs: 100, capMs: 10_000, windowMs: 100, stableAfterMs: 30_000 };

function delays(backoff: Backoff, count: number): number[] {
  return Array.from({ length: count }, () => backoff.next());
}

describe('Backoff', () => {
  it('A15: doubles up to the cap and stays there', () => {
    const highest = delays(new Backoff(policy, () => 1), 10);
    expect(highest).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000]);
  });

  it('A15: the jitter is full: from a small floor to the bound, never zero', () => {
    expect(delays(new Backoff(policy, () => 0), 8)).toEqual([13, 25, 50, 100, 200, 400, 800, 1_250]);
    const random = seeded(7);
    const backoff = new Backoff({ ...policy, baseMs: 10_000 }, random);
    const spread = delays(backoff, 4_000);
    expect(Math.min(...spread)).toBeLessThan(1_500);
    expect(Math.max(...spread)).toBeGreaterThan(9_700);
    const mean = spread.reduce((sum, delay) => sum + delay, 0) / spread.length;
    expect(mean).toBeGreaterThan(5_300);
    expect(mean).toBeLessThan(5_950);
  });

  it('B9: a connection resets it only when it was stable', () => {
    const backoff = new Backoff(policy, () => 1);
    delays(backoff, 5);
    expect(backoff.next({ connectedMs: 29_999 })).toBe(3_200);
    expect(backoff.attempts).toBe(6);
    expect(backoff.next({ connectedMs: 30_000 })).toBe(100);
    expect(backoff.attempts).toBe(1);
  });

  it('B8: the first attempt after a loss is spread over the window of the server', () => {
    const backoff = new Backoff(policy, () => 1);
    backoff.usePolicy({ baseMs: 50, capMs: 60_000, windowMs: 20_000 });
    expect(backoff.next({ connectedMs: 60_000 })).toBe(20_000);
    expect(backoff.next()).toBe(100);
  });

  it('A15: a sealed wish is obeyed and jitter comes on top; a hint in clear counts only up to the cap', () => {
    expect(new Backoff(policy, () => 0).next({ notBeforeMs: 50_000 })).toBe(50_013);
    expect(new Backoff(policy, () => 1).next({ notBeforeMs: 50_000 })).toBe(50_100);
    expect(new Backoff(policy, () => 1).next({ notBeforeMs: 4_294_967_295 })).toBe(3_600_100);
    expect(new Backoff(policy, () => 1).next({ hintMs: 4_294_967_295 })).toBe(10_100);
  });

  it('B9: times of a server that would make a busy loop or silence are brought into bounds', () => {
    const backoff = new Backoff(DEFAULT_RECONNECT_POLICY, () => 0);
    backoff.usePolicy({ baseMs: 0, capMs: 0, windowMs: 0 });
    expect(backoff.next({ connectedMs: 1 })).toBeGreaterThanOrEqual(6);
    expect(reconnectPolicy(policy, { capMs: 4_294_967_295, windowMs: 4_294_967_295 })).toMatchObject({
      capMs: 3_600_000,
      windowMs: 3_600_000,
    });
    expect(() => reconnectPolicy(policy, { baseMs: Number.NaN })).toThrow(RangeError);
    expect(() => reconnectPolicy(policy, { capMs: -1 })).toThrow(RangeError);
  });

  it('B9: a thousand attempts neither overflow nor leave the cap', () => {
    const backoff = new Backoff(policy, () => 0.5);
    for (const delay of delays(backoff, 1_000)) expect(delay).toBeLessThanOrEqual(10_000);
  });
});

describe('isTerminal', () => {
  it.each([
    'E_REPLACED',
    'E_ID_TAKEN',
    'E_UNKNOWN_AGENT',
    'E_TOKEN_INVALID',
    'E_TOKEN_USED',
    'E_TOKEN_EXPIRED',
    'E_BANNED',
    'E_IDENTITY_CHANGED',
  ] as const)('A15: %s is final', (code) => expect(isTerminal(new ProtocolError(code))).toBe(true));

  it.each([
    'E_TRUNCATED',
    'E_UNREACHABLE',
    'E_ADDRESS',
    'E_REJECTED',
    'E_NOT_SEALANE',
    'E_DRAINING',
    'E_IDLE',
    'E_HANDSHAKE_TIMEOUT',
    'E_RATE_LIMITED',
  ] as const)('A15: %s is tried again', (code) => expect(isTerminal(new TransportError(code))).toBe(false));

  it('what this machine does wrong is final, and so is a fault of the program', () => {
    expect(isTerminal(new ConfigError('E_KEY_FILE'))).toBe(true);
    expect(isTerminal(new TypeError('a bug'))).toBe(true);
  });
});

/** A small generator of numbers from 0 up to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
