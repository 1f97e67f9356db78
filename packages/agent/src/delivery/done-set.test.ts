import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DoneSet, RUNS_MAX } from './done-set.ts';

describe('DoneSet', () => {
  it('E3: one that stays undone costs one run, however many pass it', () => {
    const done = new DoneSet();
    for (let sequence = 2; sequence <= 100_000; sequence++) done.add(sequence);
    expect(done.state()).toEqual({ cursor: 0, runs: [[2, 100_000]] });
    done.add(1);
    expect(done.state()).toEqual({ cursor: 100_000, runs: [] });
  });

  it('says the same as a plain set, in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 80 }), (sequences) => {
        const done = new DoneSet();
        const plain = new Set<number>();
        for (const sequence of sequences) {
          done.add(sequence);
          plain.add(sequence);
        }
        const copy = new DoneSet(done.state());
        for (let sequence = 1; sequence <= 61; sequence++) {
          expect(done.has(sequence)).toBe(plain.has(sequence));
          expect(copy.has(sequence)).toBe(plain.has(sequence));
        }
        const bitmap = done.bitmap(512);
        for (let sequence = done.cursor + 1; sequence <= 61; sequence++) {
          const bit = sequence - done.cursor - 1;
          expect(((bitmap[bit >> 3] ?? 0) >> (bit & 7)) & 1).toBe(plain.has(sequence) ? 1 : 0);
        }
      }),
    );
  });

  it('runs from a skip join what they touch', () => {
    const done = new DoneSet({ cursor: 3, runs: [[6, 7]] });
    done.addRun(4, 5);
    expect(done.state()).toEqual({ cursor: 7, runs: [] });
    done.addRun(1, 9);
    expect(done.cursor).toBe(9);
    done.advanceTo(5);
    expect(done.cursor).toBe(9);
  });

  it('of a group, where others take what lies between, only so many runs are kept', () => {
    const done = new DoneSet();
    for (let sequence = 2; sequence <= (RUNS_MAX + 10) * 2; sequence += 2) done.add(sequence);
    expect(done.state().runs).toHaveLength(RUNS_MAX);
    expect(done.has(2)).toBe(false);
    expect(done.has((RUNS_MAX + 10) * 2)).toBe(true);
    expect(done.bitmap(512).length).toBeLessThanOrEqual(512);
  });

  it('what another process wrote down is added, and nothing that is done is undone', () => {
    const set = new DoneSet({ cursor: 4, runs: [[8, 9]] });
    set.merge({
      cursor: 2,
      runs: [
        [5, 5],
        [7, 7],
      ],
    });
    expect(set.state()).toEqual({ cursor: 5, runs: [[7, 9]] });
    set.merge({ cursor: 6, runs: [] });
    expect(set.state()).toEqual({ cursor: 9, runs: [] });
  });
});
