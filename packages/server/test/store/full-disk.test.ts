/** A full disk, on a small tmpfs. Mounting needs root; without it the tests are skipped, visibly. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { statfsSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canMount } from '@sealane/node/testing';
import type { SqliteStore } from '../../src/store/index.ts';
import { childEvent } from './child-event.ts';
import { MountedFolder } from './mounts.ts';
import { checkReceipts, readReceiver } from './store-folder.ts';

const producer = { agentId: 'sender', producerId: 'sender----------' };
const isPossible = canMount();
if (!isPossible) console.warn('SKIPPED full disk: mounting a small tmpfs needs root');

let space: MountedFolder | undefined;

afterEach(async () => {
  await space?.remove();
  space = undefined;
});

(isPossible ? describe : describe.skip)('a full disk', () => {
  it('2.0.5, S12: refuses with E_STORE_FULL, goes on delivering and settling, and recovers by itself', async () => {
    const folder = (space = MountedFolder.tmpfs('24m'));
    const floor = 8 * 2 ** 20;
    const { store, ears } = await folder.open({ diskFloorBytes: floor });
    const stored = await publishUntilRefused(store, 1);
    expect(stored.code).toBe('E_STORE_FULL');
    expect(store.health).toEqual({ status: 'degraded', reasons: ['disk-floor'], durability: 'durable' });
    expect(ears.health.at(-1)).toEqual(store.health);
    const entries = await readReceiver(store);
    checkReceipts(entries, stored.numbers);
    const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'receiver' });
    const lease = await store.claimAgent('receiver', 'main');
    await store.settle(queueId, [{ kind: 'acked-to', sequence: entries.length - 1 }], lease);
    expect(store.figures().waiting).toBe(1);
    await store.close();
    // With room again: here by a lower floor, which is the same to the store.
    const next = await folder.open({ diskFloorBytes: 4 * 2 ** 20 });
    expect(next.store.health.status).toBe('ready');
    expect((await next.store.publish([childEvent(producer, stored.next)]))[0]).toMatchObject({ status: 'stored' });
  }, 60_000);

  it('a disk without any room: commits are refused, nothing confirmed is lost, with room it goes on by itself', async () => {
    const folder = (space = MountedFolder.tmpfs('12m'));
    const { store } = await folder.open();
    await publishSome(store, 1, 50);
    const ballast = join(folder.folder, 'ballast');
    fillUp(ballast, folder.folder);
    const stored = await publishUntilRefused(store, 51);
    expect(stored.code).toBe('E_STORE_FULL');
    expect(store.health.status).toBe('degraded');
    const [again] = await store.publish([childEvent(producer, stored.next)]);
    expect(again).toMatchObject({ status: 'refused', code: 'E_STORE_FULL' });
    expect((await readReceiver(store)).length).toBeGreaterThanOrEqual(50);
    unlinkSync(ballast);
    await waitFor(() => store.health.status === 'ready', 20_000);
    // What was refused is either stored by now, and known, or it is stored now; once either way.
    const [late] = await store.publish([childEvent(producer, stored.next)]);
    expect(late?.status).not.toBe('refused');
    const entries = await readReceiver(store);
    checkReceipts(entries, [...stored.numbers, stored.next]);
    await store.close();
    const { store: next } = await folder.open();
    checkReceipts(await readReceiver(next), [...stored.numbers, stored.next]);
  }, 60_000);

  it('a store that is opened on a disk without any room, after a crash: it delivers, refuses, and recovers by itself', async () => {
    const folder = (space = MountedFolder.tmpfs('12m'));
    const child = folder.child({ inFlight: 4 });
    await child.until(() => child.stored.length > 100);
    await child.kill();
    const ballast = join(folder.folder, 'ballast');
    fillUp(ballast, folder.folder);
    const { store, ears } = await folder.open();
    const entries = await readReceiver(store);
    checkReceipts(entries, child.stored);
    const stored = await publishUntilRefused(store, 1_000_001);
    expect(stored.code).toBe('E_STORE_FULL');
    unlinkSync(ballast);
    await waitFor(() => store.health.status === 'ready', 20_000);
    checkReceipts(await readReceiver(store), [...child.stored, ...stored.numbers]);
    expect(ears.incidents).toEqual([]);
  }, 60_000);

  it('a server that starts while the disk is below the floor delivers, and refuses', async () => {
    const folder = (space = MountedFolder.tmpfs('24m'));
    const first = await folder.open();
    await publishSome(first.store, 1, 20);
    await first.store.close();
    const { store } = await folder.open({ diskFloorBytes: 2 ** 40 });
    expect(store.health.status).toBe('degraded');
    checkReceipts(await readReceiver(store), [1, 20]);
    expect((await store.publish([childEvent(producer, 21)]))[0]).toMatchObject({ code: 'E_STORE_FULL' });
  }, 30_000);
});

interface Published {
  readonly numbers: readonly number[];
  /** The first number that was refused, and why. */
  readonly next: number;
  readonly code: string;
}

async function publishSome(store: SqliteStore, from: number, to: number): Promise<void> {
  await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  for (let number = from; number <= to; number++) await store.publish([childEvent(producer, number)]);
}

async function publishUntilRefused(store: SqliteStore, from: number): Promise<Published> {
  await store.openQueue({ kind: 'agent', agentId: 'receiver' });
  const numbers: number[] = [];
  for (let number = from; number < from + 1_000_000; number++) {
    const [result] = await store.publish([childEvent(producer, number)]);
    if (result?.status === 'refused') return { numbers, next: number, code: result.code };
    numbers.push(number);
  }
  throw new Error('the disk was never full');
}

/** Leaves no room on the disk. */
function fillUp(file: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  try {
    writeFileSync(file, Buffer.alloc(bavail * bsize));
  } catch (error) {
    // The store took some meanwhile: so it is full.
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

async function waitFor(condition: () => boolean, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error('waited for nothing');
    await sleep(50);
  }
}
