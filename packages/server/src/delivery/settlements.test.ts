import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Settlements } from './settlements.ts';
import { Unsettled } from './unsettled.ts';

function skip(from: number, to: number): Unsettled {
  return new Unsettled({ kind: 'skip', from, to, reason: 'expired' }, 0);
}

const NOTHING_OPEN = { has: () => false, first: () => Number.POSITIVE_INFINITY };

describe('Settlements', () => {
  it('acks in order become one', () => {
    const settlements = new Settlements({ seesAll: true, settledTo: 4, open: NOTHING_OPEN });
    const runs = [skip(5, 5), skip(6, 8), skip(9, 9)];
    for (const run of runs) settlements.announced(run);
    runs[0]!.isSettled = true;
    settlements.acked(5);
    expect(settlements.take()).toEqual([{ kind: 'acked-to', sequence: 5 }]);
    runs[2]!.isSettled = true;
    settlements.acked(9);
    expect(settlements.take()).toEqual([{ kind: 'acked', sequence: 9 }]);
    runs[1]!.isSettled = true;
    settlements.skipSeen(8);
    expect(settlements.take()).toEqual([{ kind: 'acked-to', sequence: 9 }]);
    expect(settlements.isEmpty).toBe(true);
  });

  it('of a group, of which others have parts, each is told on its own', () => {
    const settlements = new Settlements({ seesAll: false, settledTo: 0, open: NOTHING_OPEN });
    settlements.acked(1);
    settlements.acked(2);
    settlements.skipSeen(3);
    expect(settlements.take()).toEqual([
      { kind: 'skip-seen', to: 3 },
      { kind: 'acked', sequence: 1 },
      { kind: 'acked', sequence: 2 },
    ]);
  });

  it('of a group, a skip waits for those before it, which may become skips that nobody took note of', () => {
    const waiting = new Set([4, 8]);
    const open = {
      has: (sequence: number) => waiting.has(sequence),
      first: () => Math.min(Number.POSITIVE_INFINITY, ...waiting),
    };
    const settlements = new Settlements({ seesAll: false, settledTo: 0, open });
    settlements.skipSeen(3);
    settlements.skipSeen(6);
    settlements.skipSeen(9);
    expect(settlements.take()).toEqual([{ kind: 'skip-seen', to: 3 }]);
    expect(settlements.isEmpty).toBe(true);
    waiting.delete(4);
    expect(settlements.isEmpty).toBe(false);
    expect(settlements.take()).toEqual([{ kind: 'skip-seen', to: 6 }]);
    waiting.delete(8);
    expect(settlements.take()).toEqual([{ kind: 'skip-seen', to: 9 }]);
    expect(settlements.isEmpty).toBe(true);
  });

  it('whatever the order of acks, exactly what was acked is settled, and nothing before its time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), fc.nat(), (count, seed) => {
        const settlements = new Settlements({ seesAll: true, settledTo: 0, open: NOTHING_OPEN });
        const waiting = Array.from({ length: count }, (_, index) => skip(index + 1, index + 1));
        for (const each of waiting) settlements.announced(each);
        const acked = new Set<number>();
        const settled = new Set<number>();
        let state = seed;
        while (waiting.length > 0) {
          state = (state * 48_271 + 11) % 0x7fff_ffff;
          const [next] = waiting.splice(state % Math.min(waiting.length, 300), 1);
          next!.isSettled = true;
          acked.add(next!.sequence);
          settlements.acked(next!.sequence);
          if (state % 5 > 0) continue;
          for (const each of settlements.take()) {
            if (each.kind === 'acked') settled.add(each.sequence);
            else if (each.kind === 'acked-to') for (let to = 1; to <= each.sequence; to++) settled.add(to);
          }
          if (settled.size !== acked.size) return false;
        }
        return true;
      }),
      { numRuns: 30 },
    );
  });
});
