/** Redis that is gone, slow, or cut off in the middle: nothing acked is lost, nothing is doubled, all of it is told. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_WAIT_MS, STALLED_MS } from '../../src/store/redis/times.ts';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Lease, PublishResult, Store } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { LossyProxy } from './lossy-proxy.ts';
import { Outbox, bodies } from './outbox.ts';
import { event, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 100_000, bytesMax: 64_000_000 };
/** Long, for machines that do other things too; what is asked for is that it happens at all. */
const READY_MS = 30_000;
/** The whole outage of 15 s, instead of a short one, where there is time for it. */
const OUTAGE_MS = Number(process.env['TEST_REDIS_OUTAGE_MS'] ?? 3_000);

interface Reader {
  readonly store: Store;
  readonly ada: string;
  readonly lease: Lease;
}

describeWithRedis('outages of Redis', () => {
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

  async function checkOutbox({ receipts, number }: Outbox, { store, ada, lease }: Reader): Promise<void> {
    expect(receipts.size).toBe(number);
    const stored = bodies(await store.read(ada, ALL, lease));
    expect(new Set(stored).size).toBe(stored.length);
    expect(stored).toEqual(Array.from({ length: number }, (_, index) => `body ${index + 1}`));
    const positions = [...receipts]
      .sort(([a], [b]) => a - b)
      .map(([, result]) => (result as { sequence: number }).sequence);
    expect(new Set(positions).size).toBe(number);
  }

  it('rule 5: kill -9 of Redis under load, gone for a while: no restart, nothing acked lost, nothing doubled', async () => {
    const { store, told, lease, ada } = await open();
    const outbox = new Outbox(store).start();
    for (let round = 0; round < 3; round++) {
      await sleep(300);
      await server.kill();
      await sleep(round === 2 ? OUTAGE_MS : 300);
      await server.startAgain();
    }
    await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    await sleep(200);
    await outbox.end();
    await checkOutbox(outbox, { store, ada, lease });
    expect(told.healths.some(({ status, reasons }) => status === 'unavailable' && reasons.includes('redis-down'))).toBe(
      true,
    );
    expect(told.incidents).toEqual([]);
    expect(told.lost).toEqual([]);
  }, 60_000);

  it('rule 5: an answer that got lost is asked for again: connections cut a hundred times', async () => {
    const { store, lease, ada } = await open();
    const outbox = new Outbox(store).start();
    const plain: Promise<readonly PublishResult[]>[] = [];
    const bob = (await store.openQueue({ kind: 'agent', agentId: 'bob' })).queueId;
    for (let round = 0; round < 100; round++) {
      plain.push(store.publish([event({ to: 'agent:bob', body: Buffer.from(`plain ${round}`) })]));
      await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
      await sleep(10);
    }
    await outbox.end();
    await checkOutbox(outbox, { store, ada, lease });
    // Without a number or an id too: the batch itself is known.
    const results = (await Promise.all(plain)).flat();
    const stored = bodies(await store.read(bob, ALL, await store.claimAgent('bob', 'main')));
    expect(new Set(stored).size).toBe(stored.length);
    for (const [round, result] of results.entries()) {
      if (result.status === 'stored') expect(stored).toContain(`plain ${round}`);
    }
    expect(results.filter(({ status }) => status === 'stored').length).toBeGreaterThan(50);
  }, 60_000);

  it('rule 5: done, but its answer was swallowed: sent again, the batch is known and nothing happens twice', async () => {
    const proxy = await LossyProxy.start(server.port);
    const { store, lease, ada } = await open({ url: proxy.url });
    const isDone = async (lane: string, batch: number): Promise<boolean> =>
      (await server.command('HGET', `sealane:batch:${lane}:${store.node}`, String(batch % 16))).includes(`\n${batch} `);
    const results: PublishResult[] = [];
    // A round counts where the machine was fast enough: an event that waited for 2 s is refused, which means "unknown".
    for (let round = 1; results.filter(({ status }) => status === 'stored').length < 3; round++) {
      expect(round).toBeLessThan(12);
      proxy.isLossy = true;
      const published = store.publish([event({ body: Buffer.from(`plain ${round}`) })]);
      const failed = store.settle(ada, [{ kind: 'failed', sequence: 1, reason: 'no', at: round }], lease);
      while (!(await isDone('p', round)) || !(await isDone('w', round))) await sleep(1);
      proxy.isLossy = false;
      proxy.cut();
      results.push(...(await published));
      await failed;
      await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    }
    for (const [index, result] of results.entries()) {
      if (result.status === 'stored') expect(result.sequence).toBe(index + 1);
    }
    const items = await store.read(ada, ALL, lease);
    expect(bodies(items)).toEqual(results.map((_, index) => `plain ${index + 1}`));
    // Two lanes: the failure of the first round may have come before its entry was there.
    const { failures } = items[0] as { failures: number };
    expect([results.length - 1, results.length]).toContain(failures);
    proxy.stop();
  }, 60_000);

  it('rule 5: acks made while Redis is away are done when it is back; failures count once', async () => {
    const { store, lease, ada } = await open();
    await store.publish([event(), event(), event()]);
    await store.read(ada, ALL, lease);
    await server.kill();
    const settled = Promise.all([
      store.settle(ada, [{ kind: 'acked', sequence: 1 }], lease),
      store.settle(ada, [{ kind: 'failed', sequence: 2, reason: 'no', at: 1 }], lease),
    ]);
    await sleep(CALL_WAIT_MS + 200);
    await server.startAgain();
    await settled;
    const items = await store.read(ada, ALL, lease);
    expect(items).toMatchObject([
      { sequence: 2, failures: 1 },
      { sequence: 3, failures: 0 },
    ]);
  }, 30_000);

  it('M2: SIGSTOP: refused in time, bounded, degraded; then all is well without a restart', async () => {
    const { store, told, lease, ada } = await open();
    const outbox = new Outbox(store).start();
    await sleep(200);
    server.pause();
    const startedAt = performance.now();
    const results = await store.publish([event({ body: Buffer.from('while stopped') })]);
    const waitedMs = performance.now() - startedAt;
    expect(results).toMatchObject([
      { status: 'refused', code: 'E_STORE_UNAVAILABLE', retryAfterMs: expect.any(Number) },
    ]);
    expect(waitedMs).toBeGreaterThan(1_000);
    expect(waitedMs).toBeLessThan(STALLED_MS);
    await eventually('told', () => told.healths.some(({ reasons }) => reasons.includes('redis-slow')), READY_MS);
    await expect(store.read(ada, ALL, lease)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    // More than may wait is refused at once, and what waits is given up: memory stays.
    const flood = Array.from({ length: 70_000 }, () => event({ body: Buffer.alloc(1_000) }));
    // A machine may stand still for a moment: the best of three counts.
    let floodMs = Infinity;
    for (let round = 0; round < 3 && floodMs >= 1_000; round++) {
      const floodAt = performance.now();
      expect((await store.publish(flood))[0]).toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
      floodMs = performance.now() - floodAt;
    }
    expect(floodMs).toBeLessThan(1_000);
    // Long enough for the connection to be given up.
    await sleep(Math.max(STALLED_MS + 500 - (performance.now() - startedAt), 0));
    server.goOn();
    await eventually('ready again', () => store.health.status === 'ready', READY_MS);
    await sleep(200);
    await outbox.end();
    const stored = bodies(await store.read(ada, ALL, lease)).filter((each) => each !== 'while stopped');
    expect(stored).toEqual(Array.from({ length: outbox.number }, (_, index) => `body ${index + 1}`));
  }, 60_000);
});
