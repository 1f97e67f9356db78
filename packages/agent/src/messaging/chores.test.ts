import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProtocolError } from '@sealane/shared/errors';
import { MemoryStorage } from '@sealane/e2ee/storage';
import { Chores } from './chores.ts';
import { Journal } from './journal.ts';
import { tables, type ChoreRow } from './tables.ts';

let journal: Journal;
let done: ChoreRow['kind'][];
/** What happens while a chore is at work. */
let atWork: (chore: ChoreRow) => Promise<void>;
let chores: Chores;
beforeEach(() => {
  journal = new Journal(new MemoryStorage(), () => undefined);
  done = [];
  atWork = () => Promise.resolve();
  const run = async (chore: ChoreRow): Promise<void> => {
    done.push(chore.kind);
    await atWork(chore);
  };
  chores = new Chores(journal, run, () => Promise.resolve());
});

const add = (kind: ChoreRow['kind']): Promise<void> => journal.transaction((tx) => chores.add(tx, kind, {}));
const left = (): Promise<number> => journal.transaction(async (tx) => (await tables.chores.list(tx)).length);

describe('chores', () => {
  it('E6: one that is asked for again before it begins is done once', async () => {
    for (const kind of ['retry', 'tend', 'retry', 'tend'] as const) await add(kind);
    await chores.run();
    expect(done.toSorted()).toEqual(['retry', 'tend']);
    expect(await left()).toBe(0);
  });

  it.each(['retry', 'refresh'] as const)(
    'E6, E8: %s that is asked for while it is at work is done once more, also where it fails',
    async (kind) => {
      for (const fails of [false, true]) {
        done = [];
        atWork = async () => {
          if (done.length > 1) return;
          await add(kind);
          if (fails) throw new ProtocolError('E_BAD_REQUEST');
        };
        await add(kind);
        await chores.run();
        expect(done).toEqual([kind, kind]);
        expect(await left()).toBe(0);
      }
    },
  );

  it('E6: one that makes a need for itself does not go on without end', async () => {
    atWork = () => add('catch-up');
    await add('catch-up');
    await chores.run();
    expect(done).toEqual(['catch-up']);
  });
});
