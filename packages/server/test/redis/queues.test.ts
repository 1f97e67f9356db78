/** What scripts do to queues beyond the compliance suite: chunks, shared bodies, rings of receipts, sweeps. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Lease, QueueItem } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { event, numbered, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 1_000, bytesMax: 16_777_216 };

function told(items: readonly QueueItem[]): readonly string[] {
  return items.map((item) =>
    item.kind === 'event' ? String(item.sequence) : `${item.from}-${item.to} ${item.reason}`,
  );
}

describeWithRedis('queues on Redis', () => {
  let server: RedisServer;
  let opened: Opened;
  let lease: Lease;
  let ada: string;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  beforeEach(async () => {
    await server.command('FLUSHALL');
    opened = await openStore({ url: server.url, limits: { eventsMax: 400, bytesMax: 200_000, retentionMs: 60_000 } });
    ada = (await opened.store.openQueue({ kind: 'agent', agentId: 'ada' })).queueId;
    lease = await opened.store.claimAgent('ada', 'main');
  });
  afterEach(() => opened.store.close());

  async function topic(pattern: string): Promise<string> {
    return (await opened.store.openQueue({ kind: 'subscription', agentId: 'ada', pattern })).queueId;
  }

  it('E3: entries come in order whatever the sizes of reads, over many chunks', async () => {
    const { store } = opened;
    for (let batch = 0; batch < 3; batch++) {
      await store.publish(
        Array.from({ length: 130 }, (_, index) => event({ body: Buffer.from(`${batch * 130 + index}`) })),
      );
    }
    for (const limit of [1, 7, 128, 500]) {
      const bodies: string[] = [];
      for (let after = 0; ;) {
        const items = await store.read(ada, { after, limit, bytesMax: 1_000_000 }, lease);
        if (items.length === 0) break;
        for (const item of items) {
          expect(item.kind).toBe('event');
          if (item.kind === 'event') bodies.push(Buffer.from(item.body).toString());
          after = item.kind === 'event' ? item.sequence : item.to;
        }
      }
      expect(bodies).toEqual(Array.from({ length: 390 }, (_, index) => String(index)));
    }
  });

  it('E3: acks in any order free chunks and counts, and nothing is left in the end', async () => {
    const { store } = opened;
    await store.publish(Array.from({ length: 300 }, () => event()));
    const order = Array.from({ length: 300 }, (_, index) => ((index * 7) % 300) + 1);
    for (const sequence of order.slice(0, 150)) void store.settle(ada, [{ kind: 'acked', sequence }], lease);
    await store.settle(ada, [], lease);
    const left = await store.read(ada, ALL, lease);
    expect(told(left)).toEqual(
      order
        .slice(150)
        .sort((a, b) => a - b)
        .map(String),
    );
    await store.settle(
      ada,
      order.slice(100).map((sequence) => ({ kind: 'acked', sequence })),
      lease,
    );
    expect(await store.openQueue({ kind: 'agent', agentId: 'ada' })).toMatchObject({
      settledTo: 300,
      waiting: 0,
      waitingBytes: 0,
      nextSequence: 301,
    });
    expect(await server.command('XLEN', 'sealane:e:a:ada')).toBe(':0\r\n');
    expect(await server.command('EXISTS', 'sealane:d:a:ada')).toBe(':0\r\n');
  });

  it('E8: a body that several queues get is stored once, until the last has settled it', async () => {
    const { store } = opened;
    const specs = ['a.*', 'a.b', '>'].map((pattern) => ({ kind: 'subscription', agentId: 'ada', pattern }) as const);
    for (const spec of specs) await store.openQueue(spec);
    const [result] = await store.publish([event({ to: 'topic:a.b', body: Buffer.alloc(50_000, 1) })]);
    expect(result).toMatchObject({ status: 'stored', sequence: 1 });
    expect(await server.command('HGET', 'sealane:body:1', 'n')).toBe('$1\r\n3\r\n');
    expect(Number(/:(\d+)/.exec(await server.command('MEMORY', 'USAGE', 'sealane:e:s:ada:a.b'))?.[1])).toBeLessThan(
      6_000,
    );
    for (const { pattern } of specs.slice(0, 2)) {
      const items = await store.read(await topic(pattern), ALL, lease);
      expect(items).toMatchObject([{ topic: 'a.b', body: Buffer.alloc(50_000, 1) }]);
      await store.settle(await topic(pattern), [{ kind: 'acked', sequence: 1 }], lease);
    }
    expect(await server.command('HGET', 'sealane:body:1', 'n')).toBe('$1\r\n1\r\n');
    expect(await store.deleteQueue({ kind: 'subscription', agentId: 'ada', pattern: '>' })).toBe(true);
    await eventually('taken apart', async () => (await server.command('EXISTS', 'sealane:gone')) === ':0\r\n');
    expect(await server.command('EXISTS', 'sealane:body:1')).toBe(':0\r\n');
    expect(await server.command('EXISTS', 'sealane:gone')).toBe(':0\r\n');
  });

  it('R6, D5: a number is stored once; other content is a conflict; a refused one may come later', async () => {
    const { store } = opened;
    const first = await store.publish([numbered(1), numbered(2), numbered(4)]);
    expect(first.map(({ status }) => status)).toEqual(['stored', 'stored', 'stored']);
    const again = await store.publish([numbered(2), numbered(4), numbered(5)]);
    expect(again).toMatchObject([
      { status: 'duplicate', sequence: first[1]?.status === 'stored' ? first[1].sequence : 0 },
      { status: 'duplicate' },
      { status: 'stored' },
    ]);
    expect(await store.publish([numbered(4, { body: Buffer.from('other') })])).toMatchObject([
      { code: 'E_EVENT_CONFLICT' },
    ]);
    expect(await store.publish([numbered(3)])).toMatchObject([{ status: 'stored' }]);
    expect(await store.publish([numbered(3)])).toMatchObject([{ status: 'duplicate' }]);
    expect(await store.producerNumber({ agentId: 'pub', producerId: 'p'.repeat(16) })).toBe(5);
    await store.publish([numbered(6, {}, 4)]);
    expect(await store.publish([numbered(3, {}, 4)])).toMatchObject([{ code: 'E_EVENT_SETTLED' }]);
    expect(await store.publish([numbered(5, {}, 4)])).toMatchObject([{ status: 'duplicate' }]);
    expect(told(await store.read(ada, ALL, lease))).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('R6: an id is known for a day, within its sender', async () => {
    const { store } = opened;
    const one = event({ id: 'one', dedup: { kind: 'id' } });
    expect(await store.publish([one, one])).toMatchObject([{ status: 'stored' }, { status: 'duplicate', sequence: 1 }]);
    expect(await store.publish([{ ...one, body: Buffer.from('other') }])).toMatchObject([{ code: 'E_EVENT_CONFLICT' }]);
    expect(await store.publish([{ ...one, from: 'agent:eve' }])).toMatchObject([{ status: 'stored' }]);
    const leftMs = /:(\d+)/.exec(await server.command('PTTL', 'sealane:id:server one'))?.[1];
    expect(Number(leftMs)).toBeGreaterThan(86_000_000);
  });

  it('R10: a full direct queue refuses its publisher, a full subscription gets one gap with numbers', async () => {
    const { store } = opened;
    await store.openQueue({ kind: 'subscription', agentId: 'ada', pattern: 't' });
    const many = Array.from({ length: 400 }, () => event({ body: Buffer.alloc(10) }));
    await store.publish(many);
    const [refused] = await store.publish([event()]);
    expect(refused).toMatchObject({ status: 'refused', code: 'E_QUEUE_FULL' });
    expect(refused?.status === 'refused' && refused.retryAfterMs).toBeGreaterThan(0);
    await store.publish(many.map((each) => ({ ...each, to: 'topic:t' })));
    expect(await store.publish([event({ to: 'topic:t' }), event({ to: 'topic:t' })])).toMatchObject([
      { status: 'stored' },
      { status: 'stored' },
    ]);
    await store.publish([event({ to: 'topic:t' })]);
    await store.settle(await topic('t'), [{ kind: 'acked-to', sequence: 399 }], lease);
    await store.publish([event({ to: 'topic:t' })]);
    const items = await store.read(await topic('t'), ALL, lease);
    expect(told(items)).toEqual(['400', '401-403 overflow', '404']);
    await store.settle(await topic('t'), [{ kind: 'skip-seen', to: 403 }], lease);
    expect(told(await store.read(await topic('t'), ALL, lease))).toEqual(['400', '404']);
  });

  it('E6: delayed events are due by Redis, routed when they are, and survive their node', async () => {
    const { store } = opened;
    await store.publish([event({ to: 'topic:late', dueAt: Date.now() + 2_050 }), event({ dueAt: Date.now() + 2_000 })]);
    await store.openQueue({ kind: 'subscription', agentId: 'ada', pattern: 'late' });
    expect(await store.read(ada, ALL, lease)).toEqual([]);
    expect(await store.read(await topic('late'), ALL, lease)).toEqual([]);
    await store.close();
    opened = await openStore({ url: server.url });
    lease = await opened.store.claimAgent('ada', 'main');
    for (const queueId of [ada, await topic('late')])
      await eventually('it is due', async () => (await opened.store.read(queueId, ALL, lease)).length > 0);
    expect(told(await opened.store.read(ada, ALL, lease))).toEqual(['1']);
    expect(await opened.store.read(await topic('late'), ALL, lease)).toMatchObject([{ topic: 'late', sequence: 1 }]);
    expect(await server.command('KEYS', 'sealane:later:*')).toBe('*0\r\n');
  });

  it('S5: damaged bytes become a skip of their sequence, are told, and the rest is good', async () => {
    const { store, told: heard } = opened;
    await store.publish([event({ body: Buffer.from('first') }), event({ body: Buffer.from('second') })]);
    const script = `local e = redis.call('XRANGE', KEYS[1], '-', '+')[1]
      local f = e[2] redis.call('DEL', KEYS[1]) f[6] = string.gsub(f[6], 'first', 'fXrst')
      redis.call('XADD', KEYS[1], e[1], unpack(f))`;
    await server.command('EVAL', script, '1', 'sealane:e:a:ada');
    expect(told(await store.read(ada, ALL, lease))).toEqual(['1-1 purged', '2']);
    await store.settle(ada, [{ kind: 'acked', sequence: 2 }], lease);
    expect(heard.incidents).toEqual([expect.stringContaining('damaged')]);
    expect(told(await store.read(ada, ALL, lease))).toEqual(['1-1 purged']);
  });

  it('forgets an agent whole: queues, outboxes, usage, last seen', async () => {
    const { store } = opened;
    await store.openQueue({ kind: 'subscription', agentId: 'pub', pattern: 'x.>' });
    await store.openQueue({ kind: 'agent', agentId: 'pub' });
    await store.publish([numbered(1, { to: 'topic:x.y' }), numbered(2, { to: 'agent:pub' })]);
    store.addUsage([{ ...NOTHING, agentId: 'pub', hour: 3_600_000, connections: 2 }]);
    const other = await store.claimAgent('pub', 'main');
    store.releaseAgent('pub', 'main', other, 77);
    expect(await store.agentRecord('pub')).toEqual({ agentId: 'pub', lastSeenAt: 77, node: undefined });
    await store.forgetAgent('pub');
    await eventually('taken apart', async () => (await server.command('KEYS', '*pub*')) === '*0\r\n');
    expect(await store.agentRecord('pub')).toEqual({ agentId: 'pub', lastSeenAt: undefined, node: undefined });
    expect(await server.command('KEYS', '*pub*')).toBe('*0\r\n');
    expect((await store.usage({ after: undefined, limit: 10, from: 0, to: 1e15 })).items).toEqual([]);
    expect(await store.queuesOf('pub')).toEqual([]);
  });

  it('adds up usage, and tells it by pages', async () => {
    const { store } = opened;
    for (const agentId of ['c', 'a', 'b']) {
      store.addUsage([{ ...NOTHING, agentId, hour: 7_200_000, eventsIn: 3 }]);
      store.addUsage([{ ...NOTHING, agentId, hour: 7_200_000, eventsIn: 4, bytesOut: 5 }]);
    }
    store.addUsage([{ ...NOTHING, agentId: 'a', hour: 3_600_000, errors: 1 }]);
    await store.settle(ada, [], lease);
    const first = await store.usage({ after: undefined, limit: 2, from: 0, to: 1e15 });
    expect(first.items.map(({ agentId, hour }) => `${hour} ${agentId}`)).toEqual(['3600000 a', '7200000 a']);
    expect(first.items[1]).toMatchObject({ eventsIn: 7, bytesOut: 5, errors: 0 });
    const second = await store.usage({ after: first.next, limit: 2, from: 0, to: 1e15 });
    expect(second.items.map(({ agentId }) => agentId)).toEqual(['b', 'c']);
    expect(second.next).toBeUndefined();
    const one = await store.usage({ after: undefined, limit: 9, from: 0, to: 7_200_000, agentId: 'a' });
    expect(one.items).toMatchObject([{ agentId: 'a', errors: 1 }]);
  });
});

const NOTHING = {
  connections: 0,
  onlineMs: 0,
  eventsIn: 0,
  eventsOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  errors: 0,
};
