/** S10, S13: backups of a store that is written to, and what becomes of them elsewhere. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { restoreBackup, SqliteStore, type NewEvent } from '../../src/store/index.ts';
import { Ears } from '../../src/store/testing/harness.compliance.ts';
import { childEvent } from './child-event.ts';
import { checkReceipts, readReceiver, StoreFolder } from './store-folder.ts';

const producer = { agentId: 'sender', producerId: 'sender----------' };
const RECEIVER = { kind: 'agent', agentId: 'receiver' } as const;
let space: StoreFolder;

beforeEach(() => {
  space = new StoreFolder();
});
afterEach(() => space.remove());

/** Publishes and settles until it is ended. */
class Traffic {
  stored = 0;
  settledTo = 0;
  #isEnding = false;
  readonly #running: Promise<void>;

  constructor(store: SqliteStore, event: (number: number) => NewEvent) {
    this.#running = this.#run(store, event);
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#running;
  }

  async #run(store: SqliteStore, event: (number: number) => NewEvent): Promise<void> {
    const { queueId } = await store.openQueue(RECEIVER);
    const lease = await store.claimAgent('receiver', 'main');
    for (let number = 1; !this.#isEnding; number += 20) {
      const results = await store.publish(Array.from({ length: 20 }, (_, index) => event(number + index)));
      expect(results.every(({ status }) => status === 'stored')).toBe(true);
      this.stored = number + 19;
      // Half of what is there stays.
      const sequence = Math.floor(this.stored / 2);
      void store.settle(queueId, [{ kind: 'acked-to', sequence }], lease).then(() => (this.settledTo = sequence));
    }
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe('backups', () => {
  it('S10: made while it is written to: elsewhere it has every receipt of before, and another lineage', async () => {
    // Checkpoints run all the time, so that the copy is of many moments.
    const { store } = await space.open({ checkpointBytes: 50_000, checkpointSliceBytes: 2_000 });
    const traffic = new Traffic(store, (number) => childEvent(producer, number));
    for (let round = 1; round <= 3; round++) {
      await until(() => traffic.stored > 1_500 * round);
      const before = traffic.stored;
      const backup = join(space.folder, `backup-${round}.db`);
      await store.backup(backup);
      expect(traffic.stored).toBeGreaterThanOrEqual(before);
      const elsewhere = join(space.folder, `elsewhere-${round}.db`);
      restoreBackup(backup, elsewhere);
      const restored = new SqliteStore(elsewhere, { diskFloorBytes: 0 });
      const ears = new Ears();
      await restored.open(ears);
      const info = await restored.openQueue(RECEIVER);
      const original = await store.openQueue(RECEIVER);
      expect(Buffer.from(info.lineage).equals(original.lineage)).toBe(false);
      const entries = await readReceiver(restored);
      expect(info.settledTo).toBeLessThanOrEqual(traffic.stored / 2 + 20);
      expect(entries[0]?.sequence).toBe(info.settledTo + 1);
      expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, at) => info.settledTo + 1 + at));
      const receipts = Array.from({ length: before }, (_, index) => index + 1);
      checkReceipts(entries, receipts, info.settledTo);
      expect(info.waiting).toBe(entries.length);
      // It goes on by itself: numbers that it has are known, the next one is new.
      const known = entries.at(-1)?.sequence ?? 0;
      const again = await restored.publish([childEvent(producer, known), childEvent(producer, known + 1)]);
      expect(again.map(({ status }) => status)).toEqual(['duplicate', 'stored']);
      expect(ears.incidents).toEqual([]);
      await restored.close();
    }
    await traffic.end();
    checkReceipts(await readReceiver(store), [traffic.stored], traffic.settledTo);
  }, 120_000);

  it('S10: nothing is overwritten, neither by a backup nor by a restore', async () => {
    const { store } = await space.open();
    const taken = join(space.folder, 'taken.db');
    writeFileSync(taken, 'precious');
    await expect(store.backup(taken)).rejects.toMatchObject({ code: 'E_STORAGE' });
    const backup = join(space.folder, 'backup.db');
    await store.backup(backup);
    expect(() => restoreBackup(backup, taken)).toThrow(expect.objectContaining({ code: 'E_STORAGE' }));
    expect(statSync(taken).size).toBe('precious'.length);
    expect(statSync(backup).mode & 0o777).toBe(0o600);
  });

  it('S13: a slow backup does not let the write-ahead log grow without bound', async () => {
    const { store } = await space.open();
    const large = new Uint8Array(60_000).fill(0x61);
    const traffic = new Traffic(store, (number) => ({ ...childEvent(producer, number), body: large }));
    await until(() => traffic.stored >= 1_000);
    let walBytesMax = 0;
    const watch = setInterval(() => {
      walBytesMax = Math.max(walBytesMax, statSync(`${space.file}-wal`).size);
    }, 5);
    const before = traffic.stored;
    await store.backup(join(space.folder, 'backup.db'));
    clearInterval(watch);
    const written = (traffic.stored - before) * large.length;
    await traffic.end();
    expect(walBytesMax).toBeGreaterThan(0);
    expect(walBytesMax).toBeLessThan(48 * 2 ** 20);
    // Commits went on meanwhile, so that there was something to bound.
    expect(written).toBeGreaterThan(0);
  }, 60_000);

  it('S10: the files of a store that crashed can be put back as a backup is: with another lineage, and all that was confirmed', async () => {
    const child = space.child({ inFlight: 8 });
    await child.until(() => child.stored.length > 100);
    await child.kill();
    expect(statSync(`${space.file}-wal`).size).toBeGreaterThan(0);
    const restored = join(space.folder, 'restored.db');
    restoreBackup(space.file, restored);
    expect(readdirSync(space.folder).filter((name) => name.startsWith('restored'))).toEqual(['restored.db']);
    const other = new StoreFolder(mkdtempSync(join(tmpdir(), 'sealane-restored-')));
    renameSync(restored, other.file);
    try {
      const [before, after] = [await space.open(), await other.open()];
      checkReceipts(await readReceiver(after.store), child.stored);
      const [old, own] = await Promise.all(
        [before, after].map(({ store }) => store.openQueue({ kind: 'agent', agentId: 'receiver' })),
      );
      expect(own?.lineage).not.toEqual(old?.lineage);
    } finally {
      await other.remove();
    }
  }, 60_000);
});
