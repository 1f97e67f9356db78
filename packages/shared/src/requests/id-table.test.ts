import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { IdTable } from './id-table.ts';

describe('IdTable', () => {
  it('holds what a Map would, whatever the ids and the order in which they go', () => {
    const steps = fc.array(
      fc.record({ ahead: fc.integer({ min: 1, max: 5_000 }), deleted: fc.nat(), burst: fc.nat(40) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (taken) => {
        const table = new IdTable<string>();
        const model = new Map<number, string>();
        const wrong: unknown[] = [];
        let id = 0;
        for (const { ahead, deleted, burst } of taken) {
          for (let count = 0; count <= burst; count++) {
            id += count === 0 ? ahead : 1;
            table.add(id, `value ${id}`);
            model.set(id, `value ${id}`);
          }
          const gone = [...model.keys()][deleted % model.size]!;
          const [first, second] = [table.delete(gone), table.delete(gone)];
          if (first !== model.delete(gone) || second || table.get(gone) !== undefined) wrong.push({ gone });
        }
        expect(table.size).toBe(model.size);
        expect(new Map(table.entries())).toEqual(model);
        for (const [key, value] of model) if (!table.has(key) || table.get(key) !== value) wrong.push({ key });
        expect(wrong).toEqual([]);
      }),
    );
  });

  it('keeps an id that lives on while thousands pass, and is empty when cleared', () => {
    const table = new IdTable<number>();
    table.add(1, -1);
    let deleted = 0;
    for (let id = 2; id < 100_000; id++) {
      table.add(id, id);
      if (table.delete(id)) deleted += 1;
    }
    expect(deleted).toBe(99_998);
    expect(table.entries()).toEqual([[1, -1]]);
    table.clear();
    expect(table.size).toBe(0);
    expect(table.has(1)).toBe(false);
    expect(table.entries()).toEqual([]);
  });

  it.each([0, 3, 2 ** 40])('does not know %i', (id) => {
    const table = new IdTable<number>();
    table.add(1, 1);
    expect(table.has(id)).toBe(false);
    expect(table.get(id)).toBeUndefined();
    expect(table.delete(id)).toBe(false);
  });
});
