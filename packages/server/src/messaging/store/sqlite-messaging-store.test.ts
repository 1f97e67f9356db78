import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { messagingStoreCompliance } from './messaging-store.compliance.ts';
import { SqliteMessagingStore } from './sqlite-messaging-store.ts';

let folder: string;
let file: string;
let count = 0;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sealane-messaging-store-'));
  file = join(folder, 'messaging.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

messagingStoreCompliance('sqlite', () => new SqliteMessagingStore(join(folder, `messaging-${(count += 1)}.db`)));

const ITEM = {
  kind: 'message' as const,
  group: null,
  epoch: 0,
  messageId: null,
  sequence: 0,
  at: 1,
  expiresAt: 2,
  body: new Uint8Array(1_000),
  blob: null,
  recipients: ['a'],
};

async function opened(): Promise<SqliteMessagingStore> {
  const store = new SqliteMessagingStore(file);
  await store.open(() => undefined);
  return store;
}

describe('SqliteMessagingStore', () => {
  it('R1: what was answered is there after a crash; numbers go on', async () => {
    const store = await opened();
    await store.ask('addPending', [ITEM]);
    await store.ask('addPending', [ITEM]);
    await store.ask('removePending', [2]);
    await store.crash();
    const again = await opened();
    expect(await again.ask('listPending', { after: 0, limit: 10 })).toHaveLength(1);
    expect(await again.ask('addPending', [ITEM])).toMatchObject([{ id: 3 }]);
    await again.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('whoever waits when it crashes learns that it is unknown', async () => {
    const store = await opened();
    // More than it can do before it ends.
    const asked = Promise.allSettled(Array.from({ length: 1_000 }, () => store.ask('addPending', [ITEM])));
    await store.crash();
    expect((await asked).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'E_STORE_UNAVAILABLE' } });
  });

  it('S7: a second one on the same file is refused', async () => {
    const store = await opened();
    await expect(opened()).rejects.toMatchObject({ code: 'E_DATA_IN_USE' });
    await store.close();
  });

  it('S6: a file of another program, a damaged and a newer one are refused, and stay as they are', async () => {
    const other = new DatabaseSync(file);
    other.exec('CREATE TABLE other (id INTEGER)');
    other.close();
    await expect(opened()).rejects.toMatchObject({ code: 'E_DATA' });
    writeFileSync(file, 'this is no database, and long enough to be one, so that SQLite looks at it'.repeat(20));
    const before = readFileSync(file);
    await expect(opened()).rejects.toMatchObject({ code: 'E_DATA' });
    expect(readFileSync(file).equals(before)).toBe(true);
    rmSync(file);
    await (await opened()).close();
    const newer = new DatabaseSync(file);
    newer.exec('PRAGMA user_version = 99');
    newer.close();
    await expect(opened()).rejects.toMatchObject({ code: 'E_DATA', message: expect.stringContaining('newer') });
  });

  it('S10: however busy it is, no backup fails for a transaction that is under way when it begins', async () => {
    const store = await opened();
    let isOver = false;
    const writers = [1, 2, 3, 4].map(async () => {
      while (!isOver) await store.ask('removePending', [1]);
    });
    try {
      for (let number = 0; number < 100; number++) await store.backup(join(folder, `backup-${number}.db`));
    } finally {
      isOver = true;
      await Promise.all(writers);
      await store.close();
    }
  }, 60_000);

  it('S10: a backup while others write is a store of its own', async () => {
    const store = await opened();
    await Promise.all(Array.from({ length: 500 }, () => store.ask('addPending', [ITEM])));
    const copy = join(folder, 'copy.db');
    const [, during] = await Promise.all([store.backup(copy), store.ask('addPending', [ITEM])]);
    expect(during).toHaveLength(1);
    await expect(store.backup(copy)).rejects.toMatchObject({ code: 'E_STORAGE' });
    await store.close();
    const restored = new SqliteMessagingStore(copy);
    await restored.open(() => undefined);
    expect((await restored.ask('listPending', { after: 0, limit: 1_000 })).length).toBeGreaterThanOrEqual(500);
    await restored.close();
  });
});
