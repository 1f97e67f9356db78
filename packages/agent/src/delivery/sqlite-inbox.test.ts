import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DoneSet } from './done-set.ts';
import type { InboxEntry } from './inbox.ts';
import { SqliteInbox } from './sqlite-inbox.ts';
import { SqliteThread } from './sqlite-thread.ts';

const directories: string[] = [];
const inboxes: SqliteInbox[] = [];

afterEach(async () => {
  for (const inbox of inboxes.splice(0)) await inbox.close();
  for (const path of directories.splice(0)) rmSync(path, { recursive: true, force: true });
});

function file(): string {
  const path = mkdtempSync(join(tmpdir(), 'sealane-inbox-'));
  directories.push(path);
  return join(path, 'inbox.sqlite');
}

let now = 0;

async function open(path: string): Promise<SqliteInbox> {
  const inbox = await SqliteInbox.open({ thread: new SqliteThread(), file: path, wallClock: () => ++now });
  inboxes.push(inbox);
  return inbox;
}

const entry = (lineage: number, cursor: number): InboxEntry => ({
  server: 'SHA256:one',
  lineage: new Uint8Array(16).fill(lineage),
  done: { cursor, runs: [[cursor + 2, cursor + 3]] },
});

describe('SqliteInbox', () => {
  it('R2: what was saved is there for the next process, and the latest of several lineages comes first', async () => {
    const path = file();
    const inbox = await open(path);
    await Promise.all([
      inbox.save('topic a', () => entry(1, 5)),
      inbox.save('topic a', () => entry(1, 6)),
      inbox.save('topic b', () => entry(3, 1)),
    ]);
    await inbox.save('topic a', () => entry(2, 9));
    await inbox.save('topic a', () => entry(1, 7));
    await inbox.close();
    const again = await open(path);
    expect(await again.load('topic a')).toEqual([entry(1, 7), entry(2, 9)]);
    expect(await again.load('topic b')).toEqual([entry(3, 1)]);
    expect(await again.load('other')).toEqual([]);
    await again.forget('topic a');
    expect(await again.load('topic a')).toEqual([]);
  });

  it('T15: two processes share it at a take-over', async () => {
    const path = file();
    const [one, two] = [await open(path), await open(path)];
    await Promise.all([one.save('a', () => entry(1, 1)), two.save('b', () => entry(1, 2))]);
    expect(await two.load('a')).toEqual([entry(1, 1)]);
  });

  it('T15: what one process writes late does not undo what the other has written', async () => {
    const path = file();
    const [old, fresh] = [await open(path), await open(path)];
    await old.save('a', () => entry(1, 1));
    await fresh.load('a');
    await fresh.save('a', () => ({ ...entry(1, 1), done: { cursor: 8, runs: [[20, 20]] } }));
    await old.save('a', () => ({
      ...entry(1, 1),
      done: {
        cursor: 1,
        runs: [
          [3, 4],
          [12, 12],
        ],
      },
    }));
    const both = {
      ...entry(1, 1),
      done: {
        cursor: 8,
        runs: [
          [12, 12],
          [20, 20],
        ],
      },
    };
    expect(await fresh.load('a')).toEqual([both]);
    // Nor does its next write.
    await old.save('a', () => ({ ...entry(1, 1), done: { cursor: 4, runs: [[12, 13]] } }));
    expect(await fresh.load('a')).toEqual([
      {
        ...both,
        done: {
          cursor: 8,
          runs: [
            [12, 13],
            [20, 20],
          ],
        },
      },
    ]);
  });

  it('T15: both write at once, and everything is there', async () => {
    const path = file();
    const both = [await open(path), await open(path)];
    const sets = [new DoneSet(), new DoneSet()];
    for (let sequence = 1; sequence <= 60; sequence++) {
      const which = sequence % 2;
      sets[which]?.add(sequence);
      void both[which]?.save('a', () => ({ ...entry(1, 0), done: sets[which]!.state() }));
      if (sequence % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(
      both.map((inbox, which) => inbox.save('a', () => ({ ...entry(1, 0), done: sets[which]!.state() }))),
    );
    expect(await both[0]!.load('a')).toEqual([{ ...entry(1, 0), done: { cursor: 60, runs: [] } }]);
  });

  it('of many lineages only the latest are kept', async () => {
    const path = file();
    const inbox = await open(path);
    for (let lineage = 1; lineage <= 12; lineage++) await inbox.save('a', () => entry(lineage, 0));
    expect((await inbox.load('a')).map(({ lineage }) => lineage[0])).toEqual([12, 11, 10, 9, 8, 7, 6, 5]);
    const database = new DatabaseSync(path);
    expect(database.prepare('SELECT count(*) AS rows FROM done').all()).toEqual([{ rows: 8 }]);
    database.close();
  });

  it('A12: nobody else on the machine may read it, nor what SQLite makes beside it', async () => {
    const path = file();
    const inbox = await open(path);
    await inbox.save('a', () => entry(1, 0));
    const modes = [path, `${path}-wal`, `${path}-shm`].map((each) => statSync(each).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('a process that only looks starts no thread, and writes where it has to', async () => {
    const path = file();
    const before = await open(path);
    await before.save('a', () => entry(1, 1));
    await before.close();
    const thread = new SqliteThread();
    const opened = jest.spyOn(thread, 'open');
    const looking = await SqliteInbox.open({ thread, file: path, wallClock: () => ++now });
    inboxes.push(looking);
    expect(await looking.load('a')).toEqual([entry(1, 1)]);
    expect(opened).not.toHaveBeenCalled();
    await looking.save('a', () => entry(2, 9));
    expect(opened).toHaveBeenCalledTimes(1);
    expect(await looking.load('a')).toEqual([entry(2, 9), entry(1, 1)]);
    expect(await (await open(path)).load('a')).toEqual([entry(2, 9), entry(1, 1)]);
  });

  it('S6: a file that is no database is refused by name', async () => {
    const path = file();
    writeFileSync(path, 'not a database at all, whatever its length');
    await expect(open(path)).rejects.toMatchObject({ code: 'E_STORAGE', message: expect.stringContaining(path) });
  });
});
