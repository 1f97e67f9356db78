/** Redis is not what it was: flushed, exchanged, set back. Acked events are gone, and that is told. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Lease } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { event, openStore, type Opened } from './store-host.ts';

/** Long, for machines that do other things too; what is asked for is that it happens at all. */
const SOON_MS = 30_000;
const ALL = { after: 0, limit: 1_000, bytesMax: 1_000_000 };

describeWithRedis('a Redis that lost its past', () => {
  let server: RedisServer;
  const stores: Opened[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map(({ store }) => store.close()));
    await server.stop();
  });

  async function open(
    options: Partial<RedisStoreOptions> = {},
  ): Promise<Opened & { readonly lease: Lease; readonly ada: string }> {
    const opened = await openStore({ url: server.url, ...options });
    stores.push(opened);
    const { queueId } = await opened.store.openQueue({ kind: 'agent', agentId: 'ada' });
    return { ...opened, ada: queueId, lease: await opened.store.claimAgent('ada', 'main') };
  }

  /** Stored for certain: one that is refused while the connection is made anew is published again. @returns its position. */
  async function stored({ store }: Opened): Promise<number> {
    for (;;) {
      const [result] = await store.publish([event()]);
      if (result?.status === 'stored') return result.sequence;
      await sleep(50);
    }
  }

  it('M10: FLUSHALL: told loudly, agents are told to come again, and work goes on with new lineages', async () => {
    const opened = await open();
    const { store, told, lease, ada } = opened;
    const before = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    const acked = await stored(opened);
    await server.command('FLUSHALL');
    await store.publish([event()]);
    await eventually('incident', () => told.incidents.some((each) => each.includes('emptied')), SOON_MS);
    await eventually('agents', () => told.lost.includes('ada main store-lost'), SOON_MS);
    await eventually('ready again', () => store.health.status === 'ready', SOON_MS);
    await expect(store.read(ada, ALL, lease)).rejects.toMatchObject({ code: 'E_FENCED' });
    const after = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    expect(Buffer.from(after.lineage)).not.toEqual(Buffer.from(before.lineage));
    expect(await stored(opened)).toBeGreaterThan(acked);
    const newLease = await store.claimAgent('ada', 'main');
    expect(newLease.epoch).toBeGreaterThan(lease.epoch);
    expect((await store.read(after.queueId, ALL, newLease)).length).toBeGreaterThan(0);
  }, 60_000);

  it('M10: emptied while no node ran: told at the next start, by what the node kept', async () => {
    const markerFile = join(server.directory, 'marker.json');
    const first = await openStore({ url: server.url, markerFile });
    await first.store.close();
    const second = await openStore({ url: server.url, markerFile });
    await second.store.close();
    expect(second.told.incidents).toEqual([]);
    await server.command('FLUSHALL');
    const third = await openStore({ url: server.url, markerFile });
    await eventually('incident', () => third.told.incidents.some((each) => each.includes('emptied')), SOON_MS);
    await third.store.close();
    writeFileSync(markerFile, 'not JSON');
    await (await openStore({ url: server.url, markerFile })).store.close();
  }, 60_000);

  it('M10: FLUSHALL of an idle store is noticed too', async () => {
    const { told } = await open();
    await server.command('FLUSHALL');
    await eventually('incident', () => told.incidents.length > 0, SOON_MS);
  }, 60_000);

  it('M10: an old snapshot comes back: told loudly on every node, positions go on upwards, lineages change', async () => {
    const opened = await open();
    const { store, told } = opened;
    const other = await open();
    await stored(opened);
    const before = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    await server.kill();
    cpSync(server.directory, `${server.directory}-copy`, { recursive: true });
    await server.startAgain();
    await eventually(
      'ready again',
      () => store.health.status === 'ready' && other.store.health.status === 'ready',
      SOON_MS,
    );
    expect(told.incidents).toEqual([]);
    const acked = await stored(opened);
    await server.kill();
    rmSync(server.directory, { recursive: true });
    cpSync(`${server.directory}-copy`, server.directory, { recursive: true });
    rmSync(`${server.directory}-copy`, { recursive: true });
    await server.startAgain();
    await eventually(
      'ready again',
      () => store.health.status === 'ready' && other.store.health.status === 'ready',
      SOON_MS,
    );
    await eventually('incident', () => told.incidents.some((each) => each.includes('older state')), SOON_MS);
    await eventually('the other node', () => other.told.incidents.length > 0, SOON_MS);
    expect(await stored(opened)).toBeGreaterThan(acked);
    const after = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    expect(Buffer.from(after.lineage)).not.toEqual(Buffer.from(before.lineage));
  }, 90_000);
});
