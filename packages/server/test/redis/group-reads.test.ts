/** What a read of a group claims is lost to nobody when its answer gets lost. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lease, QueueItem } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { event, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 1_000, bytesMax: 16_777_216 };
const READY_MS = 30_000;

function sequences(items: readonly QueueItem[]): readonly number[] {
  return items.flatMap((item) => (item.kind === 'event' ? item.sequence : []));
}

describeWithRedis('reads of a group whose answers get lost', () => {
  let server: RedisServer;
  let proxy: LossyProxy;
  let node: Opened;
  let other: Opened;
  let group: string;
  let lease: Lease;
  let otherLease: Lease;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await LossyProxy.start(server.port);
    node = await openStore({ url: proxy.url });
    other = await openStore({ url: server.url });
    group = (await node.store.openQueue({ kind: 'group', group: 'workers', pattern: 'work' })).queueId;
    lease = await node.store.claimAgent('one', 'main');
    otherLease = await other.store.claimAgent('two', 'main');
  });
  afterEach(async () => {
    proxy.stop();
    await Promise.all([node.store.close(), other.store.close()]);
    await server.stop();
  });

  /** Reads `limit` entries; Redis does it, and nobody hears of it. */
  async function readInVain(limit: number): Promise<void> {
    const claims = Number((await server.command('HLEN', 'sealane:c:g:workers:work')).slice(1));
    proxy.isLossy = true;
    const read = node.store.read(group, { ...ALL, limit }, lease);
    const failed = expect(read).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    while (Number((await server.command('HLEN', 'sealane:c:g:workers:work')).slice(1)) < claims + limit) await sleep(1);
    proxy.isLossy = false;
    proxy.cut();
    await failed;
    await eventually('ready again', () => node.store.health.status === 'ready', READY_MS);
  }

  it('E9: the same reader gets them with its next read, and no other one before', async () => {
    await node.store.publish(Array.from({ length: 6 }, () => event({ to: 'topic:work' })));
    expect(sequences(await node.store.read(group, { ...ALL, limit: 1 }, lease))).toEqual([1]);
    await readInVain(3);
    expect(sequences(await other.store.read(group, { ...ALL, limit: 1 }, otherLease))).toEqual([5]);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([2, 3, 4, 6]);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([]);
    expect(sequences(await node.store.readAgain(group, [1, 2, 5], lease))).toEqual([1, 2]);
    await node.store.settle(group, [{ kind: 'acked', sequence: 2 }], lease);
    node.store.release(group, 6, [1, 3, 4, 6], lease);
    await eventually('the other is woken', () => other.told.queues.includes(group), READY_MS);
    expect(sequences(await other.store.read(group, ALL, otherLease))).toEqual([1, 3, 4, 6]);
  }, 60_000);

  it('E9: after one good read what it handed out is held, whatever was lost before', async () => {
    await node.store.publish(Array.from({ length: 2 }, () => event({ to: 'topic:work' })));
    await readInVain(2);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([1, 2]);
    proxy.isLossy = true;
    const again = node.store.readAgain(group, [1], lease).catch(() => undefined);
    await sleep(100);
    proxy.isLossy = false;
    proxy.cut();
    await again;
    await eventually('ready again', () => node.store.health.status === 'ready', READY_MS);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([]);
    expect(sequences(await other.store.read(group, ALL, otherLease))).toEqual([]);
  }, 60_000);
});
