/** Who holds what of a group: one node at a time, whatever becomes of its members, its lease and its answers. */
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

/** Sequences that an agent may have seen before. */
function repeated(items: readonly QueueItem[]): readonly number[] {
  return items.flatMap((item) => (item.kind === 'event' && item.isRepeated === true ? item.sequence : []));
}

describeWithRedis('claims of a group at two nodes', () => {
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

  async function publish(count: number): Promise<void> {
    await node.store.publish(Array.from({ length: count }, () => event({ to: 'topic:work' })));
  }

  async function claimCount(): Promise<number> {
    return Number((await server.command('HLEN', 'sealane:c:g:workers:work')).slice(1));
  }

  /** Reads `limit` entries; Redis does it, and nobody hears of it. */
  async function readInVain(limit: number): Promise<void> {
    const before = await claimCount();
    proxy.isLossy = true;
    const read = node.store.read(group, { ...ALL, limit }, lease);
    const failed = expect(read).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    while ((await claimCount()) < before + limit) await sleep(1);
    proxy.isLossy = false;
    proxy.cut();
    await failed;
  }

  /** Until a reader was told to look again and finds something. */
  async function readWhenWoken({ store, told }: Opened, by: Lease): Promise<readonly QueueItem[]> {
    await eventually('woken', () => told.queues.includes(group), READY_MS);
    return await store.read(group, ALL, by);
  }

  it('E9: what a read claimed whose answer got lost comes free by itself, first deliveries as such', async () => {
    await publish(6);
    expect(sequences(await other.store.read(group, { ...ALL, limit: 1 }, otherLease))).toEqual([1]);
    expect(sequences(await node.store.read(group, { ...ALL, limit: 1 }, lease))).toEqual([2]);
    other.told.queues.length = 0;
    await readInVain(3);
    const freed = await readWhenWoken(other, otherLease);
    expect(sequences(freed)).toEqual([3, 4, 5, 6]);
    expect(repeated(freed)).toEqual([]);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([]);
    expect(sequences(await node.store.readAgain(group, [1, 2, 3], lease))).toEqual([2]);
  }, 60_000);

  it('E9: what is read again stays with its reader, also where that answer got lost', async () => {
    await publish(2);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([1, 2]);
    proxy.isLossy = true;
    const again = node.store.readAgain(group, [1], lease).catch(() => undefined);
    await sleep(100);
    proxy.isLossy = false;
    proxy.cut();
    await again;
    await eventually('ready again', () => node.store.health.status === 'ready', READY_MS);
    await sleep(300);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([]);
    expect(sequences(await other.store.read(group, ALL, otherLease))).toEqual([]);
    expect(sequences(await node.store.readAgain(group, [1, 2], lease))).toEqual([1, 2]);
  }, 60_000);

  it('R12: the member leaves in whose name entries were read: they stay with the others on its node', async () => {
    const stays = await node.store.claimAgent('three', 'main');
    await publish(3);
    expect(sequences(await node.store.read(group, ALL, lease))).toEqual([1, 2, 3]);
    node.store.releaseAgent('one', 'main', lease, 1);
    await node.store.agentRecord('one');
    expect(sequences(await other.store.read(group, ALL, otherLease))).toEqual([]);
    expect(sequences(await node.store.readAgain(group, [1, 2, 3], stays))).toEqual([1, 2, 3]);
    other.told.queues.length = 0;
    node.store.release(group, 2, [1, 2, 3], stays);
    const freed = await readWhenWoken(other, otherLease);
    expect(sequences(freed)).toEqual([1, 2, 3]);
    // Deliveries got as far as 2: no agent can have seen 3.
    expect(repeated(freed)).toEqual([1, 2]);
  });

  it('M7: of a node whose lease ran out nothing counts, and what it reads before it has one again is nobody’s', async () => {
    await publish(3);
    expect(sequences(await node.store.read(group, { ...ALL, limit: 1 }, lease))).toEqual([1]);
    await server.command('DEL', `sealane:lease:${node.store.node}`);
    await expect(node.store.read(group, ALL, lease)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    await eventually('a lease again', async () => (await alive()) === 1);
    expect(sequences(await node.store.read(group, { ...ALL, limit: 1 }, lease))).toEqual([2]);
    await server.command('DEL', `sealane:lease:${node.store.node}`);
    const taken = await other.store.read(group, ALL, otherLease);
    expect(sequences(taken)).toEqual([1, 2, 3]);
    expect(repeated(taken)).toEqual([1, 2]);
  });

  it('R4: failures count by their holder alone; an entry of another becomes no dead letter', async () => {
    await publish(2);
    await other.store.read(group, ALL, otherLease);
    await node.store.settle(group, [{ kind: 'failed', sequence: 1, reason: 'not mine', at: 1 }], lease);
    await node.store.settle(group, [{ kind: 'dropped', sequence: 2, reason: 'expired' }], lease);
    const dead = node.store.settle(group, [{ kind: 'dead', sequence: 1, reason: 'not mine', at: 1 }], lease);
    await expect(dead).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    expect(await other.store.readAgain(group, [1, 2], otherLease)).toMatchObject([
      { sequence: 1, failures: 0 },
      { sequence: 2, failures: 0 },
    ]);
    await other.store.settle(group, [{ kind: 'dead', sequence: 1, reason: 'mine', at: 1 }], otherLease);
    expect(other.store.figures().deadLetters).toBe(1);
  });

  it('M7: names of nodes that are gone are not kept with the group', async () => {
    await publish(1);
    await node.store.read(group, ALL, lease);
    for (let life = 0; life < 3; life++) {
      const { store } = await openStore({ url: server.url });
      await store.read(group, ALL, await store.claimAgent('guest', 'main'));
      await store.close();
    }
    await other.store.read(group, ALL, otherLease);
    const names = await server.command('HGET', 'sealane:q:g:workers:work', 'nodes');
    expect(names.split('\r\n')[1]?.split(',').sort()).toEqual([node.store.node, other.store.node].sort());
    const told = `*1\r\n$${`sealane:dirty:${other.store.node}`.length}\r\nsealane:dirty:${other.store.node}\r\n`;
    // Once a second it takes what it is told.
    await eventually('the other alone is told', async () => {
      await publish(1);
      return (await server.command('KEYS', `sealane:dirty:*`)) === told;
    });
  });

  async function alive(): Promise<number> {
    return Number((await server.command('EXISTS', `sealane:lease:${node.store.node}`)).slice(1));
  }
});
