/** S5, S6, S8, S11: files that are damaged, cut off, foreign, out of reach, older or newer. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { explanationOf } from '@sealane/node/config';
import type { SqliteStore } from '../../src/store/index.ts';
import { childEvent } from './child-event.ts';
import { checkReceipts, readReceiver, StoreFolder } from './store-folder.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/store-format-1.db.gz', import.meta.url));
/** Of a store file. */
const PAGE_BYTES = 16_384;
const producer = { agentId: 'sender', producerId: 'sender----------' };
let space: StoreFolder;

beforeEach(() => {
  space = new StoreFolder();
});
afterEach(() => space.remove());

async function publish(store: SqliteStore, from: number, to: number): Promise<void> {
  await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  for (let number = from; number <= to; number++) await store.publish([childEvent(producer, number)]);
}

/** Flips a bit in the first copy of the largest head, or of the chunk of the queue. */
function spoilOneCopy(kind: 'head' | 'state'): void {
  const database = new DatabaseSync(space.file);
  const table = kind === 'head' ? 'log' : 'state';
  const column = kind === 'head' ? 'head' : 'data';
  const key = kind === 'head' ? 'position' : 'kind = 2 AND id';
  const select = `SELECT ${kind === 'head' ? 'position' : 'id'} AS key, ${column} AS bytes FROM ${table}`;
  const where = kind === 'head' ? 'ORDER BY length(head) DESC' : 'WHERE kind = 2';
  const row = database.prepare(`${select} ${where} LIMIT 1`).get();
  const bytes = row?.['bytes'] as Uint8Array;
  bytes[Math.floor(bytes.length / 4)]! ^= 0x10;
  database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`).run(bytes, row?.['key'] ?? 0);
  database.close();
}

/** A closed store with some events that wait. */
async function fill(count = 20): Promise<void> {
  const { store } = await space.open();
  await publish(store, 1, count);
  await store.close();
}

/** Flips a bit of the byte that `find` finds. */
function flip(find: (bytes: Buffer) => number): void {
  const bytes = readFileSync(space.file);
  const at = find(bytes);
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(space.file, bytes);
}

describe('S5: a bit flip', () => {
  it('S5: in a stored record: that record is a dead letter with an incident, the others are delivered', async () => {
    await fill();
    flip((bytes) => bytes.indexOf('17 xxxx'));
    const { store, ears } = await space.open();
    const entries = await readReceiver(store);
    expect(entries.map(({ id }) => Number(id.split('-')[1]))).not.toContain(17);
    checkReceipts(entries, [1, 16, 18, 20]);
    expect(ears.incidents).toHaveLength(1);
    expect(ears.incidents[0]).toMatchObject({ code: 'E_STORAGE' });
    const { items } = await store.deadLetters({ after: undefined, limit: 10 });
    expect(items).toMatchObject([{ subscription: 'agent:receiver', reason: 'the record in the store is damaged' }]);
    expect(items[0]?.body).toHaveLength(0);
    const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
    const lease = await store.claimAgent('receiver', 'main');
    const skipped = await store.read(queueId, { after: 16, limit: 1, bytesMax: 1_000 }, lease);
    expect(skipped).toEqual([{ kind: 'skip', from: 17, to: 17, reason: 'dead-letter' }]);
  });

  it('S5: in any byte of the state or of a head: the other copy serves, nothing is lost', async () => {
    const { store } = await space.open();
    await publish(store, 1, 5);
    await store.crash();
    // Now the heads count, since no checkpoint was written; after a close the state does.
    for (const kind of ['head', 'state'] as const) {
      spoilOneCopy(kind);
      const { store: next, ears } = await space.open();
      checkReceipts(await readReceiver(next), [1, 2, 3, 4, 5]);
      expect(ears.incidents.map(({ code }) => code)).toEqual(['E_STORAGE']);
      await next.close();
    }
  });

  it('S5: in both copies: refused, with path and hint, and nothing is changed', async () => {
    await fill();
    const database = new DatabaseSync(space.file);
    database.exec("UPDATE state SET data = x'00112233445566778899' WHERE kind = 1");
    database.close();
    const before = readFileSync(space.file);
    const error = await space.open().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'E_DATA' });
    expect(explanationOf(error).next).toContain('restore');
    expect(readFileSync(space.file).equals(before)).toBe(true);
  });
});

describe('S5: a page that SQLite cannot read', () => {
  it('S5, 2.0.11: a read that would fail for ever ends the store, loudly, and the file stays as it is', async () => {
    const { store } = await space.open();
    await publish(store, 1, 3);
    await store.publish([{ ...childEvent(producer, 4), body: new Uint8Array(90_000).fill(0x79) }]);
    await store.close();
    // A page in the middle of the large record: the number of the page that follows it is damaged.
    const bytes = readFileSync(space.file);
    const page = Array.from({ length: bytes.length / PAGE_BYTES }, (_, index) => index * PAGE_BYTES).find((at) =>
      bytes.subarray(at + 4, at + PAGE_BYTES).every((byte) => byte === 0x79),
    );
    bytes.fill(0xff, page, (page ?? 0) + 4);
    writeFileSync(space.file, bytes);
    const { store: next, ears } = await space.open();
    await expect(readReceiver(next)).rejects.toMatchObject({ code: 'E_DATA' });
    expect(next.health.status).toBe('failed');
    expect(ears.incidents.map(({ code }) => code)).toEqual(['E_STORAGE']);
    expect((await next.publish([childEvent(producer, 5)]))[0]).toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
  });
});

describe('S6: a file that is no whole store', () => {
  const cases: readonly (readonly [string, (file: string) => void, RegExp])[] = [
    ['zero-length', (file) => truncateSync(file, 0), /is empty/],
    ['cut in the middle', (file) => truncateSync(file, Math.floor(statSync(file).size / 2)), /cut off/],
    ['cut within its header', (file) => truncateSync(file, 50), /cut off/],
    ['foreign', (file) => writeFileSync(file, 'PK\x03\x04 not a database at all'.repeat(50)), /not a SQLite file/],
    ['a database of another program', (file) => makeForeign(file), /another program/],
    ['gone, with its log left', (file) => renameSync(file, `${file}-wal`), /missing/],
  ];
  for (const [what, spoil, message] of cases) {
    it(`S6: ${what}: refused with path and hint, not made anew, as often as it is tried`, async () => {
      await fill();
      spoil(space.file);
      const before = existsSync(space.file) ? readFileSync(space.file) : undefined;
      for (let attempt = 0; attempt < 7; attempt++) {
        const error = await space.open().catch((cause: unknown) => cause);
        expect(error).toMatchObject({ code: 'E_DATA' });
        expect(String(error)).toMatch(message);
        expect(String(error)).toContain(space.file);
        expect(explanationOf(error).next).toMatch(/Keep|Choose/);
      }
      expect(existsSync(space.file) ? readFileSync(space.file) : undefined).toEqual(before);
    });
  }

  function makeForeign(file: string): void {
    rmSync(file);
    const database = new DatabaseSync(file);
    database.exec('CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)');
    database.close();
  }
});

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('SKIPPED S8: taking privileges away needs root');

(isRoot ? describe : describe.skip)('S8: a file that this user may not write', () => {
  it('S8: refused with what to check', async () => {
    await fill();
    chmodSync(space.folder, 0o755);
    chmodSync(space.file, 0o600);
    const child = space.child({ wrap: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] });
    expect(await child.ended).toBe(78);
    expect(child.linesOf('error')[0]).toMatch(/E_STORAGE|E_DATA/);
    const { store } = await space.open();
    checkReceipts(await readReceiver(store), [1, 20]);
  }, 30_000);

  it('S8: the file is for its owner alone', async () => {
    await fill(1);
    expect(statSync(space.file).mode & 0o777).toBe(0o600);
  });
});

describe('S11: formats', () => {
  it('S11: format 1 is migrated, and a copy of it is kept', async () => {
    const fixture = gunzipSync(readFileSync(FIXTURE));
    writeFileSync(space.file, fixture, { mode: 0o600 });
    const copies: string[] = [];
    const { store } = await space.open({ onMigrated: (copy) => copies.push(copy) });
    expect(copies).toEqual([`${space.file}.format-1`]);
    const copy = new DatabaseSync(copies[0]!, { readOnly: true });
    expect(copy.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 });
    expect(copy.prepare('SELECT count(*) AS letters FROM dead_letter').get()).toEqual({ letters: 1 });
    copy.close();
    checkReceipts(await readReceiver(store), [2, 3, 4, 5]);
    expect((await store.deadLetters({ after: undefined, limit: 10 })).items).toMatchObject([{ reason: 'a reason' }]);
    await store.close();
    const again = await space.open({ onMigrated: (copy) => copies.push(copy) });
    expect(copies).toHaveLength(1);
    await again.store.close();
  });

  it('S11: a newer format is refused, and not touched', async () => {
    await fill(1);
    const database = new DatabaseSync(space.file);
    database.exec('PRAGMA user_version = 9');
    database.close();
    const before = readFileSync(space.file);
    const error = await space.open().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'E_DATA' });
    expect(String(error)).toMatch(/format 9/);
    expect(readFileSync(space.file).equals(before)).toBe(true);
  });
});
