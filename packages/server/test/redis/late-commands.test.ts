/** Commands that the network delivers late, and batches of which the first one fails: nothing overtakes anything. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../eventually.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { bodies } from './outbox.ts';
import { numbered, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 1_000, bytesMax: 16_777_216 };
const READY_MS = 30_000;

describeWithRedis('commands that come late', () => {
  let server: RedisServer;
  let proxy: LossyProxy;
  let node: Opened;
  let other: Opened;

  beforeEach(async () => {
    server = await RedisServer.start();
    proxy = await LossyProxy.start(server.port);
    node = await openStore({ url: proxy.url });
    other = await openStore({ url: server.url });
  });
  afterEach(async () => {
    proxy.stop();
    await Promise.all([node.store.close(), other.store.close()]);
    await server.stop();
  });

  it('M9: a claim on a connection that was given up takes nobody over when it arrives after all', async () => {
    proxy.holds = 'requests';
    const late = expect(node.store.claimAgent('ada', 'main')).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    await sleep(50);
    proxy.cutClients();
    await late;
    const held = proxy.keepHeld();
    await eventually('ready again', () => node.store.health.status === 'ready', READY_MS);
    const lease = await other.store.claimAgent('ada', 'main');
    held();
    await sleep(200);
    const { queueId } = await other.store.openQueue({ kind: 'agent', agentId: 'ada' });
    expect(await other.store.read(queueId, ALL, lease)).toEqual([]);
    expect(other.told.lost).toEqual([]);
  }, 60_000);

  it('R17: an event whose batch was refused is not stored after the next one of its outbox', async () => {
    const { store } = node;
    const { queueId } = await store.openQueue({ kind: 'agent', agentId: 'ada' });
    await store.publish([numbered(1)]);
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    proxy.holds = 'answers';
    const refused = store.publish([numbered(2)]);
    await eventually('refused at Redis', async () => (await server.command('INFO', 'errorstats')).includes('OOM'));
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    const next = store.publish([numbered(3)]);
    await sleep(200);
    proxy.deliver();
    expect(await refused).toMatchObject([{ status: 'refused', code: 'E_STORE_FULL' }]);
    expect(await next).toMatchObject([{ status: 'refused' }]);
    // Handed in by somebody who has not heard of it yet.
    expect(await store.publish([numbered(4)])).toMatchObject([{ status: 'refused', code: 'E_STORE_FULL' }]);
    await eventually('stored in order', async () => {
      const results = await store.publish([2, 3, 4].map((number) => numbered(number)));
      return results.every(({ status }) => status !== 'refused');
    });
    const items = await store.read(queueId, ALL, await store.claimAgent('ada', 'main'));
    expect(bodies(items)).toEqual(['body 1', 'body 2', 'body 3', 'body 4']);
  }, 60_000);
});
