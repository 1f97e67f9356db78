/** What Redis refuses, by name: full, read-only, loading, without a password, without a disk; or one node is cut from it. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Lease } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { Outbox, bodies } from './outbox.ts';
import { event, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 100_000, bytesMax: 64_000_000 };
/** Long, for machines that do other things too; what is asked for is that it happens at all. */
const READY_MS = 30_000;

async function eventuallyAsync(holds: () => Promise<boolean>): Promise<void> {
  const endAt = performance.now() + READY_MS;
  while (!(await holds())) {
    expect(performance.now()).toBeLessThan(endAt);
    await sleep(20);
  }
}

describeWithRedis('faults of Redis', () => {
  let server: RedisServer;
  const stores: Opened[] = [];

  beforeEach(async () => {
    server = await RedisServer.start();
  });
  afterEach(async () => {
    server.goOn();
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

  it('M3: OOM is E_STORE_FULL; reading and acking go on and make room', async () => {
    const { store, lease, ada } = await open();
    await store.publish(Array.from({ length: 50 }, () => event({ body: Buffer.alloc(90_000) })));
    await server.command('CONFIG', 'SET', 'maxmemory', '1mb');
    expect(await store.publish([event()])).toMatchObject([{ status: 'refused', code: 'E_STORE_FULL' }]);
    expect(store.health).toMatchObject({ status: 'degraded', reasons: ['redis-full'] });
    const items = await store.read(ada, ALL, lease);
    expect(items.length).toBe(50);
    await store.settle(ada, [{ kind: 'acked-to', sequence: 50 }], lease);
    expect(await store.openQueue({ kind: 'agent', agentId: 'ada' }).catch(() => 'refused')).toBe('refused');
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    await eventually('ready again without a publish', () => store.health.status === 'ready', READY_MS);
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored' }]);
    expect((await store.openQueue({ kind: 'agent', agentId: 'ada' })).waiting).toBe(1);
  }, 60_000);

  it('M3: READONLY, as after a failover: unavailable with its name, and back when it is a primary', async () => {
    const { store, told } = await open();
    await server.command('REPLICAOF', '127.0.0.1', '1');
    expect(await store.publish([event()])).toMatchObject([{ status: 'refused', code: 'E_STORE_UNAVAILABLE' }]);
    expect(store.health.status).toBe('unavailable');
    await eventually('named', () => told.healths.some(({ reasons }) => reasons.includes('redis-readonly')), READY_MS);
    await server.command('REPLICAOF', 'NO', 'ONE');
    await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored' }]);
  }, 60_000);

  it('M3: a password set while it runs: unavailable with its name; at start a configuration error', async () => {
    const { store, told } = await open();
    await server.command('CONFIG', 'SET', 'requirepass', 'secret');
    server.password = 'secret';
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await eventually('named', () => told.healths.some(({ reasons }) => reasons.includes('redis-auth')), READY_MS);
    expect(await store.publish([event()])).toMatchObject([{ code: 'E_STORE_UNAVAILABLE' }]);
    await expect(openStore({ url: server.url })).rejects.toMatchObject({ code: 'E_CONFIG' });
    const withPassword = await openStore({ url: server.url.replace('//', '//:secret@') });
    expect(withPassword.store.health.status).toBe('ready');
    await withPassword.store.close();
  }, 60_000);

  it('M3: Redis loads its data after a restart: unavailable with its name, then ready', async () => {
    await server.stop();
    server = await RedisServer.start({
      args: ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'],
    });
    const { store, told, ada, lease } = await open();
    await server.command('DEBUG', 'POPULATE', '4000');
    await store.publish([event()]);
    await server.command('BGREWRITEAOF');
    await eventuallyAsync(async () =>
      /aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0/.test(await server.command('INFO', 'persistence')),
    );
    await server.kill();
    await server.startAgain();
    await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    expect(
      told.healths.some(({ status, reasons }) => status === 'unavailable' && reasons.includes('redis-loading')),
    ).toBe(true);
    expect(bodies(await store.read(ada, ALL, lease))).toEqual(['hello']);
  }, 60_000);

  it('M3: Redis cannot write to its disk: refused and named, deliveries go on, acks are kept until it can', async () => {
    const { store, told, ada, lease } = await open();
    await store.publish([event(), event()]);
    // A directory stands where its snapshot has to go.
    const inTheWay = join(server.directory, 'dump.rdb');
    mkdirSync(join(inTheWay, 'x'), { recursive: true });
    await server.command('CONFIG', 'SET', 'save', '3600 1');
    await server.command('BGSAVE');
    await eventuallyAsync(async () => (await server.command('INFO', 'persistence')).includes('last_bgsave_status:err'));
    expect(await store.publish([event({ body: Buffer.from('while refused') })])).toMatchObject([
      { status: 'refused', code: 'E_STORE_UNAVAILABLE' },
    ]);
    expect(told.healths.at(-1)).toMatchObject({ status: 'degraded', reasons: ['redis-misconf'] });
    let isSettled = false;
    const settled = store.settle(ada, [{ kind: 'acked', sequence: 1 }], lease).then(() => (isSettled = true));
    await sleep(300);
    expect(isSettled).toBe(false);
    rmSync(inTheWay, { recursive: true });
    await server.command('BGSAVE');
    await settled;
    await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored' }]);
    // Refused means unknown: it may be there, once.
    expect(bodies(await store.read(ada, ALL, lease)).filter((body) => body === 'hello').length).toBe(2);
  }, 60_000);

  it('M5: a node that is cut from Redis says not ready and knows the others; cut for good it still ends', async () => {
    const proxy = await LossyProxy.start(server.port);
    const other = await open({ about: 'http://127.0.0.1:2/readyz' });
    const { store, told, ada, lease } = await open({ url: proxy.url });
    proxy.stop();
    await eventually('told', () => told.healths.at(-1)?.status === 'unavailable', READY_MS);
    expect(store.health.reasons).toEqual(['redis-down']);
    expect(store.peers).toEqual([{ node: other.store.node, about: 'http://127.0.0.1:2/readyz' }]);
    expect(other.store.health.status).toBe('ready');
    expect(await other.store.publish([event()])).toMatchObject([{ status: 'stored' }]);
    // Acks wait for Redis, in a batch that was sent in vain and behind it, and fail when the node ends.
    const acks = [1, 2].map((sequence) => store.settle(ada, [{ kind: 'acked', sequence }], lease));
    const failed = Promise.all(acks.map((ack) => expect(ack).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' })));
    await sleep(100);
    const startedAt = performance.now();
    await store.close();
    expect(performance.now() - startedAt).toBeLessThan(15_000);
    await failed;
    expect(await store.publish([event()])).toMatchObject([{ status: 'refused', code: 'E_STORE_UNAVAILABLE' }]);
    await expect(store.settle(ada, [], lease)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
  }, 60_000);

  it('M3: nobody there at start is an error that says so', async () => {
    await server.kill();
    await expect(openStore({ url: server.url })).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
  });

  it('M3: scripts forgotten by Redis are loaded again', async () => {
    const { store } = await open();
    await server.command('SCRIPT', 'FLUSH');
    const outbox = new Outbox(store).start();
    await sleep(1_000);
    await eventually('more than one batch', () => outbox.number > 20);
    await outbox.end();
    expect(outbox.receipts.size).toBe(outbox.number);
    expect(outbox.number).toBeGreaterThan(20);
  });
});
