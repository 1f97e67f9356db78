import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeKey } from '../storage/index.ts';
import { storageCompliance } from '../storage/storage.compliance.ts';
import { SqliteStorage } from './sqlite-storage.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-e2ee-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('SqliteStorage', () => {
  storageCompliance(
    () => {
      const file = join(mkdtempSync(join(folder, 'case-')), 'messages.db');
      return Promise.resolve({
        open: () => SqliteStorage.open(file),
        isDurable: true,
        dispose: () => Promise.resolve(),
      });
    },
    { it, expect },
  );

  it('makes a file that only its owner can read', async () => {
    const file = join(folder, 'mode.db');
    const storage = await SqliteStorage.open(file);
    await storage.transaction((transaction) => transaction.put('things', ['a'], { n: 1 }));
    const modes = [file, `${file}-wal`, `${file}-shm`].map((path) => statSync(path).mode & 0o777);
    await storage.close();
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });

  it('leaves no bytes of a deleted row in the file', async () => {
    const file = join(folder, 'deleted.db');
    const storage = await SqliteStorage.open(file);
    await storage.transaction((transaction) => transaction.put('things', ['a'], { text: 'geheimnis' }));
    await storage.transaction((transaction) => transaction.put('things', ['b'], { text: 'bleibt' }));
    await storage.transaction((transaction) => transaction.delete('things', ['a']));
    await storage.close();
    expect([readFileSync(file).includes('geheimnis'), readFileSync(file).includes('bleibt')]).toEqual([false, true]);
  });

  it('empties the log soon after the last transaction: what rows were before stays in no file', async () => {
    const file = join(folder, 'idle.db');
    const storage = await SqliteStorage.open(file);
    await storage.transaction((transaction) => transaction.put('things', ['a'], { text: 'geheimnis' }));
    await storage.transaction((transaction) => transaction.put('things', ['a'], { text: 'ersatz' }));
    expect(readFileSync(`${file}-wal`).includes('geheimnis')).toBe(true);
    while (statSync(`${file}-wal`).size > 0) await sleep(20);
    expect([readFileSync(file).includes('geheimnis'), readFileSync(file).includes('ersatz')]).toEqual([false, true]);
    await storage.close();
  });

  it('gives up after its time when another process keeps the file', async () => {
    const file = join(folder, 'busy.db');
    const storage = await SqliteStorage.open(file, { busyMsMax: 50 });
    const other = new DatabaseSync(file);
    other.exec('BEGIN IMMEDIATE');
    const refused = storage.transaction((transaction) => transaction.list('things'));
    await expect(refused).rejects.toMatchObject({ code: 'E_DATA_IN_USE' });
    other.exec('ROLLBACK');
    other.close();
    expect(await storage.transaction((transaction) => transaction.list('things'))).toEqual([]);
    await storage.close();
  });

  it('a row that cannot be read is taken out, and its table is whole again', async () => {
    const file = join(folder, 'row.db');
    const storage = await SqliteStorage.open(file);
    for (const n of [1, 2, 3]) await storage.transaction((transaction) => transaction.put('things', [n], { n }));
    const other = new DatabaseSync(file);
    other.prepare("UPDATE rows SET row = x'05ff' WHERE key = ?").run(encodeKey([2]));
    other.close();
    const list = (): Promise<unknown> => storage.transaction((transaction) => transaction.list('things'));
    await expect(list()).rejects.toMatchObject({ code: 'E_DATA' });
    const taken = await storage.transaction((transaction) => transaction.takeDamaged('things'));
    expect(taken).toEqual([{ key: encodeKey([2]), bytes: Uint8Array.of(5, 255) }]);
    expect(await list()).toEqual([{ n: 1 }, { n: 3 }]);
    await storage.close();
  });

  it('refuses files of others, of newer versions, and damaged ones', async () => {
    const [foreign, newer, damaged] = ['foreign.db', 'newer.db', 'damaged.db'].map((name) => join(folder, name));
    new DatabaseSync(foreign!).exec('CREATE TABLE theirs (id)');
    await (await SqliteStorage.open(newer!)).close();
    new DatabaseSync(newer!).exec('PRAGMA user_version = 99');
    writeFileSync(damaged!, 'no database at all, and long enough to be taken for one '.repeat(100));
    for (const file of [foreign, newer, damaged]) {
      await expect(SqliteStorage.open(file!)).rejects.toMatchObject({ name: 'StorageError', code: 'E_DATA' });
    }
  });
});
