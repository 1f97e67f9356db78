import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineSet } from './deadline-set.ts';

describe('DeadlineSet', () => {
  it('A9: expires what a plain map would, exactly then; its earliest time is never too late', () => {
    const time = fc.oneof(fc.nat(50), fc.constant(Number.POSITIVE_INFINITY));
    const step = fc.oneof(
      fc.record({ act: fc.constant('add' as const), id: fc.nat(8), time }),
      fc.record({ act: fc.constant('delete' as const), id: fc.nat(8), time }),
      fc.record({ act: fc.constant('expire' as const), id: fc.nat(8), time: fc.nat(60) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const set = new DeadlineSet();
        const naive = new Map<number, number>();
        for (const { act, id, time: at } of steps) {
          if (act === 'add' && !naive.has(id)) {
            set.add(id, at);
            naive.set(id, at);
          } else if (act === 'delete') expect(set.delete(id)).toBe(naive.delete(id));
          else if (act === 'expire') {
            const due = [...naive].filter(([, deadline]) => deadline <= at).map(([key]) => key);
            for (const key of due) naive.delete(key);
            expect(set.expire(at).sort((a, b) => a - b)).toEqual(due.sort((a, b) => a - b));
            if (naive.size > 0 && due.length > 0) expect(set.earliest).toBe(Math.min(...naive.values()));
          }
          expect(set.size).toBe(naive.size);
          for (const key of naive.keys()) expect(set.has(key)).toBe(true);
          expect(set.earliest).toBeLessThanOrEqual(Math.min(...naive.values()));
        }
      }),
    );
  });

  it('A9: empty, it wants no time', () => {
    const set = new DeadlineSet();
    set.add(1, 5);
    set.delete(1);
    expect(set.earliest).toBe(Number.POSITIVE_INFINITY);
    set.add(2, 9);
    expect(set.earliest).toBe(9);
  });
});
