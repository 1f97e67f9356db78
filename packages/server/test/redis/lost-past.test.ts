/** Redis is not what it was: flushed, exchanged, set back. Acked events are gone, and that is told. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Lease } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { event, openStore, type Opened } from './store-host.ts';

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

  it('M10: FLUSHALL: told loudly, agents are told to come again, and work goes on with new lineages', async () => {
    const { store, told, lease, ada } = await open();
    const before = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    const [acked] = await store.publish([event()]);
    await server.command('FLUSHALL');
    await store.publish([event()]);
    await eventually('incident', () => told.incidents.some((each) => each.includes('emptied')));
    await eventually('agents', () => told.lost.includes('ada main store-lost'));
    await expect(store.read(ada, ALL, lease)).rejects.toMatchObject({ code: 'E_FENCED' });
    const after = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    expect(Buffer.from(after.lineage)).not.toEqual(Buffer.from(before.lineage));
    const [next] = await store.publish([event()]);
    expect(next?.status).toBe('stored');
    expect((next as { sequence: number }).sequence).toBeGreaterThan((acked as { sequence: number }).sequence);
    const newLease = await store.claimAgent('ada', 'main');
    expect(newLease.epoch).toBeGreaterThan(lease.epoch);
    expect((await store.read(after.queueId, ALL, newLease)).length).toBeGreaterThan(0);
  }, 30_000);

  it('M10: emptied while no node ran: told at the next start, by what the node kept', async () => {
    const markerFile = join(server.directory, 'marker.json');
    const first = await openStore({ url: server.url, markerFile });
    await first.store.close();
    const second = await openStore({ url: server.url, markerFile });
    await second.store.close();
    expect(second.told.incidents).toEqual([]);
    await server.command('FLUSHALL');
    const third = await openStore({ url: server.url, markerFile });
    await eventually('incident', () => third.told.incidents.some((each) => each.includes('emptied')));
    await third.store.close();
    writeFileSync(markerFile, 'not JSON');
    await (await openStore({ url: server.url, markerFile })).store.close();
  });

  it('M10: FLUSHALL of an idle store is noticed too', async () => {
    const { told } = await open();
    await server.command('FLUSHALL');
    await eventually('incident', () => told.incidents.length > 0, 6_000);
  }, 30_000);

  it('M10: an old snapshot comes back: told loudly on every node, positions go on upwards, lineages change', async () => {
    const { store, told } = await open();
    const other = await open();
    await store.publish([event()]);
    const before = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    await server.kill();
    cpSync(server.directory, `${server.directory}-copy`, { recursive: true });
    await server.startAgain();
    await eventually('ready again', () => store.health.status === 'ready' && other.store.health.status === 'ready');
    expect(told.incidents).toEqual([]);
    const [acked] = await store.publish([event({ body: Buffer.from('will be lost') })]);
    await server.kill();
    rmSync(server.directory, { recursive: true });
    cpSync(`${server.directory}-copy`, server.directory, { recursive: true });
    rmSync(`${server.directory}-copy`, { recursive: true });
    await server.startAgain();
    await eventually('ready again', () => store.health.status === 'ready' && other.store.health.status === 'ready');
    await eventually('incident', () => told.incidents.some((each) => each.includes('older state')));
    await eventually('the other node', () => other.told.incidents.length > 0, 15_000);
    const [next] = await store.publish([event()]);
    expect((next as { sequence: number }).sequence).toBeGreaterThan((acked as { sequence: number }).sequence);
    const after = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    expect(Buffer.from(after.lineage)).not.toEqual(Buffer.from(before.lineage));
  }, 60_000);
});
