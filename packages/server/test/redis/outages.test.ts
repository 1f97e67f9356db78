/** Redis that is gone, slow, full, weak or not what it was: nothing acked is lost, nothing is doubled, all of it is told. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import type { Lease, NewEvent, PublishResult, QueueItem, Store } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { event, numbered, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 100_000, bytesMax: 64_000_000 };

function bodies(items: readonly QueueItem[]): readonly string[] {
  return items.flatMap((item) => (item.kind === 'event' ? Buffer.from(item.body).toString() : []));
}

/** Publishes numbers like an outbox: in order, each until it has a receipt. @returns results by number. */
class Outbox {
  readonly receipts = new Map<number, PublishResult>();
  readonly #store: Store;
  #isEnding = false;
  #done: Promise<void> = Promise.resolve();
  number = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): this {
    this.#done = this.#run();
    return this;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      let batch: NewEvent[] = Array.from({ length: 20 }, () => numbered(++this.number));
      while (batch.length > 0) {
        const results = await this.#store.publish(batch);
        const left: NewEvent[] = [];
        for (const [index, result] of results.entries()) {
          const each = batch[index] as NewEvent;
          if (result.status === 'refused') left.push(each);
          else if (each.dedup.kind === 'number') this.receipts.set(each.dedup.number, result);
        }
        batch = left;
        if (left.length > 0) await sleep(50);
      }
    }
  }
}

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
      await sleep(round === 2 ? 4_000 : 300);
      await server.startAgain();
    }
    await eventually('ready again', () => store.health.status === 'ready', 10_000);
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

  it('rule 5: acks made while Redis is away are done when it is back; failures count once', async () => {
    const { store, lease, ada } = await open();
    await store.publish([event(), event(), event()]);
    await store.read(ada, ALL, lease);
    await server.kill();
    const settled = Promise.all([
      store.settle(ada, [{ kind: 'acked', sequence: 1 }], lease),
      store.settle(ada, [{ kind: 'failed', sequence: 2, reason: 'no', at: 1 }], lease),
    ]);
    await sleep(3_000);
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
    expect(waitedMs).toBeLessThan(3_500);
    await eventually('told', () => told.healths.some(({ reasons }) => reasons.includes('redis-slow')));
    await expect(store.read(ada, ALL, lease)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    // More than may wait is refused at once, and what waits is given up: memory stays.
    const flood = Array.from({ length: 70_000 }, () => event({ body: Buffer.alloc(1_000) }));
    const floodAt = performance.now();
    expect((await store.publish(flood))[0]).toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    expect(performance.now() - floodAt).toBeLessThan(1_000);
    await sleep(9_000);
    server.goOn();
    await eventually('ready again', () => store.health.status === 'ready', 10_000);
    await sleep(200);
    await outbox.end();
    const stored = bodies(await store.read(ada, ALL, lease)).filter((each) => each !== 'while stopped');
    expect(stored).toEqual(Array.from({ length: outbox.number }, (_, index) => `body ${index + 1}`));
  }, 60_000);

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
    await eventually('ready again without a publish', () => store.health.status === 'ready', 5_000);
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored' }]);
    expect((await store.openQueue({ kind: 'agent', agentId: 'ada' })).waiting).toBe(1);
  }, 30_000);

  it('M3: READONLY, as after a failover: unavailable with its name, and back when it is a primary', async () => {
    const { store, told } = await open();
    await server.command('REPLICAOF', '127.0.0.1', '1');
    expect(await store.publish([event()])).toMatchObject([{ status: 'refused', code: 'E_STORE_UNAVAILABLE' }]);
    expect(store.health.status).toBe('unavailable');
    await eventually('named', () => told.healths.some(({ reasons }) => reasons.includes('redis-readonly')));
    await server.command('REPLICAOF', 'NO', 'ONE');
    await eventually('ready again', () => store.health.status === 'ready', 10_000);
    expect(await store.publish([event()])).toMatchObject([{ status: 'stored' }]);
  }, 30_000);

  it('M3: a password set while it runs: unavailable with its name; at start a configuration error', async () => {
    const { store, told } = await open();
    await server.command('CONFIG', 'SET', 'requirepass', 'secret');
    server.password = 'secret';
    await server.command('CLIENT', 'KILL', 'TYPE', 'normal');
    await eventually('named', () => told.healths.some(({ reasons }) => reasons.includes('redis-auth')));
    expect(await store.publish([event()])).toMatchObject([{ code: 'E_STORE_UNAVAILABLE' }]);
    await expect(openStore({ url: server.url })).rejects.toMatchObject({ code: 'E_CONFIG' });
    const withPassword = await openStore({ url: server.url.replace('//', '//:secret@') });
    expect(withPassword.store.health.status).toBe('ready');
    await withPassword.store.close();
  }, 30_000);

  it('M3: nobody there at start is an error that says so', async () => {
    await server.kill();
    await expect(openStore({ url: server.url })).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
  });

  it('M3: scripts forgotten by Redis are loaded again', async () => {
    const { store } = await open();
    await server.command('SCRIPT', 'FLUSH');
    const outbox = new Outbox(store).start();
    await sleep(1_000);
    await outbox.end();
    expect(outbox.receipts.size).toBe(outbox.number);
    expect(outbox.number).toBeGreaterThan(20);
  });
});
