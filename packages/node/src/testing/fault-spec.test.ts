import { describe, expect, it } from '@jest/globals';
import { Dice } from '@sealane/shared/testing';
import { FAULT_HELP, drawFaults, parseFaults } from './fault-spec.ts';

describe('parseFaults', () => {
  it('reads faults of both directions, and of one', () => {
    expect(parseFaults('latency-ms=50, to-agent:reset-byte=100-900,to-server:drop-frame=7')).toEqual({
      toServer: { latencyMs: 50, dropFrame: 7 },
      toAgent: { latencyMs: 50, resetByte: [100, 900] },
    });
  });

  it.each([
    ['latency=5', 'There is no fault "latency"'],
    ['slice-bytes=0', 'slice-bytes expected a number from 1 to 1048576'],
    ['slice-bytes', 'slice-bytes expected'],
    ['jitter-ms=9-3', 'jitter-ms expected'],
    ['jitter-ms=1-2-3', 'jitter-ms expected'],
    ['jitter-ms=1e3', 'jitter-ms expected'],
    ['to-client:drop-frame=1', 'There is no fault "to-client:drop-frame"'],
    ['', 'There is no fault ""'],
  ])('refuses %j', (text, message) => {
    expect(() => parseFaults(text)).toThrow(message);
    expect(() => parseFaults(text)).toThrow(TypeError);
  });

  it('its help names every fault', () => {
    expect(FAULT_HELP.split('\n')).toHaveLength(12);
    expect(FAULT_HELP).toContain('swap-frame');
  });
});

describe('drawFaults', () => {
  it('draws within the pair, the same of the same seed', () => {
    const spec = { resetByte: [100, 900], endByte: 4 } as const;
    const drawn = Array.from({ length: 200 }, (_, seed) => drawFaults(spec, new Dice(seed)));
    expect(drawn).toEqual(Array.from({ length: 200 }, (_, seed) => drawFaults(spec, new Dice(seed))));
    const resets = drawn.map(({ resetByte = 0 }) => resetByte);
    expect(new Set(resets).size).toBeGreaterThan(100);
    expect(Math.min(...resets)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...resets)).toBeLessThanOrEqual(900);
    expect(drawn.every(({ endByte }) => endByte === 4)).toBe(true);
  });
});
