/** Several nodes on one Redis: wake-ups, take-over, groups, clocks, idle cost. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemStoreEnvironment } from '../../src/store/environment.ts';
import type { RedisStoreOptions } from '../../src/store/redis/index.ts';
import { housekeepingScript } from '../../src/store/redis/scripts/node-scripts.ts';
import type { QueueItem, QueueSpec } from '../../src/store/store.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { eventually } from '../test-server.ts';
import { event, openStore, type Opened } from './store-host.ts';

const ALL = { after: 0, limit: 1_000, bytesMax: 16_777_216 };
const GROUP = { kind: 'group', group: 'workers', pattern: 'work.>' } as const;
const NODE_PROCESS = fileURLToPath(new URL('./node-process.ts', import.meta.url));
const ADA = { kind: 'agent', agentId: 'ada' } as const;

function sequences(items: readonly QueueItem[]): readonly number[] {
  return items.flatMap((item) => (item.kind === 'event' ? item.sequence : []));
}

describeWithRedis('several nodes on one Redis', () => {
  let server: RedisServer;
  const nodes: Opened[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());
  beforeEach(() => server.command('FLUSHALL'));
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(({ store }) => store.close()));
  });

  async function idOf({ store }: Opened, spec: QueueSpec = ADA): Promise<string> {
    return (await store.openQueue(spec)).queueId;
  }

  async function node(options: Partial<RedisStoreOptions> = {}): Promise<Opened> {
    const opened = await openStore({ url: server.url, node: `n${nodes.length}`, ...options });
    nodes.push(opened);
    return opened;
  }

  it('E13: what one node publishes wakes the node that reads the queue, at once', async () => {
    const [a, b] = [await node(), await node()];
    const lease = await a.store.claimAgent('ada', 'main');
    const topic = await idOf(a, { kind: 'subscription', agentId: 'ada', pattern: 'x.*' });
    const ada = await idOf(a);
    let wokenMs = Infinity;
    // A machine may stand still for a moment: the best of three counts.
    for (let round = 0; round < 3 && wokenMs >= 900; round++) {
      for (const queueId of [topic, ada]) expect(await a.store.read(queueId, ALL, lease)).toHaveLength(round);
      a.told.queues.length = 0;
      const startedAt = performance.now();
      // The other node learns of the new subscription by itself: the script refuses a stale table.
      expect(await b.store.publish([event({ to: 'topic:x.y' }), event()])).toMatchObject([
        { sequence: 2 * round + 1 },
        { sequence: 2 * round + 2 },
      ]);
      await eventually('both queues woken', () => a.told.queues.includes(topic) && a.told.queues.includes(ada));
      wokenMs = performance.now() - startedAt;
    }
    expect(wokenMs).toBeLessThan(900);
    expect(b.told.queues).toEqual([]);
    expect((await a.store.read(topic, ALL, lease))[0]).toMatchObject({ topic: 'x.y' });
  });

  it('M6: a wake-up that got lost is found by the poll', async () => {
    const [a, b] = [await node(), await node()];
    const lease = await a.store.claimAgent('ada', 'main');
    const ada = await idOf(a);
    await a.store.read(ada, ALL, lease);
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await b.store.publish([event()]);
    await eventually('found by the poll', () => a.told.queues.includes(ada));
  });

  it('M9: one agent on two nodes: the newer wins, the older is told and can change nothing', async () => {
    const [a, b] = [await node(), await node()];
    const ada = await idOf(a);
    const old = await a.store.claimAgent('ada', 'main');
    await a.store.publish([event(), event()]);
    expect(sequences(await a.store.read(ada, ALL, old))).toEqual([1, 2]);
    const lease = await b.store.claimAgent('ada', 'main');
    await eventually('the older is told', () => a.told.lost.includes('ada main taken-over'));
    await expect(a.store.settle(ada, [{ kind: 'acked', sequence: 1 }], old)).rejects.toMatchObject({
      code: 'E_FENCED',
    });
    await expect(a.store.read(ada, ALL, old)).rejects.toMatchObject({ code: 'E_FENCED' });
    a.store.releaseAgent('ada', 'main', old, 5);
    const info = await b.store.openQueue(ADA);
    expect(info).toMatchObject({ settledTo: 0, deliveredTo: 2 });
    expect(sequences(await b.store.read(ada, ALL, lease))).toEqual([1, 2]);
    await b.store.settle(ada, [{ kind: 'acked', sequence: 1 }], lease);
    expect((await b.store.agentRecord('ada')).node).toBe(b.store.node);
  });

  it('M9: that news is found by the poll too', async () => {
    const [a, b] = [await node(), await node()];
    await a.store.claimAgent('ada', 'main');
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await b.store.claimAgent('ada', 'main');
    await eventually('the older is told', () => a.told.lost.includes('ada main taken-over'));
  });

  it('E9: a group shares its work between nodes; what one gives up the others get', async () => {
    const [a, b] = [await node(), await node()];
    const group = await idOf(a, GROUP);
    const [one, two] = [await a.store.claimAgent('one', 'main'), await b.store.claimAgent('two', 'main')];
    expect(await b.store.read(group, ALL, two)).toEqual([]);
    await a.store.publish(Array.from({ length: 10 }, () => event({ to: 'topic:work.x' })));
    const first = sequences(await a.store.read(group, { ...ALL, limit: 4 }, one));
    const second = sequences(await b.store.read(group, { ...ALL, limit: 4 }, two));
    expect([...first, ...second]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    await a.store.settle(
      group,
      [
        { kind: 'acked', sequence: 2 },
        { kind: 'acked', sequence: 6 },
      ],
      one,
    );
    b.told.queues.length = 0;
    a.store.release(group, 4, [1, 3, 4], one);
    await eventually('the other is woken', () => b.told.queues.includes(group));
    // 6 is held by the other; that an agent is done with it counts all the same.
    expect(sequences(await b.store.read(group, ALL, two))).toEqual([1, 3, 4, 9, 10]);
    expect(sequences(await b.store.readAgain(group, [5, 6, 2], two))).toEqual([5]);
    await b.store.settle(group, [{ kind: 'acked-to', sequence: 10 }], two);
    expect(await a.store.openQueue(GROUP)).toMatchObject({ waiting: 0, settledTo: 10 });
  });

  it('M7: what a dead node held is free once its lease ran out, and not before', async () => {
    const [a, b] = [await node(), await node()];
    const group = await idOf(a, GROUP);
    const [one, two] = [await a.store.claimAgent('one', 'main'), await b.store.claimAgent('two', 'main')];
    await a.store.publish([event({ to: 'topic:work.x' }), event({ to: 'topic:work.x' })]);
    expect(sequences(await a.store.read(group, ALL, one))).toEqual([1, 2]);
    expect(sequences(await b.store.read(group, ALL, two))).toEqual([]);
    // A node that stops renewing: its lease is cut short instead of waiting for 10 s.
    await server.command('PEXPIRE', `sealane:lease:${a.store.node}`, '1');
    await sleep(20);
    expect(sequences(await b.store.read(group, ALL, two))).toEqual([1, 2]);
    expect(sequences(await b.store.readAgain(group, [1, 2], two))).toEqual([1, 2]);
    // It is back: what it still has it has no more, and what it reads is nobody else's.
    await expect(a.store.read(group, ALL, one)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    expect(sequences(await a.store.read(group, ALL, one))).toEqual([]);
    expect(sequences(await a.store.readAgain(group, [1, 2], one))).toEqual([]);
  });

  it('M7: kill -9 of a node: another is woken for what it held within two leases, and nothing is lost', async () => {
    const leaseMs = 5_000;
    const a = await node({ leaseMs });
    const group = await idOf(a, GROUP);
    const lease = await a.store.claimAgent('one', 'main');
    await a.store.publish([event({ to: 'topic:work.x' }), event({ to: 'topic:work.x' })]);
    const args = ['--conditions=@sealane/source', NODE_PROCESS, server.url, GROUP.group, GROUP.pattern, `${leaseMs}`];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    expect(JSON.parse(line.toString())).toEqual([1, 2]);
    const b = await node({ leaseMs });
    const other = await b.store.claimAgent('two', 'main');
    expect(await b.store.read(group, ALL, other)).toEqual([]);
    expect(await a.store.read(group, ALL, lease)).toEqual([]);
    b.told.queues.length = 0;
    child.kill('SIGKILL');
    await sleep(leaseMs / 4);
    expect(await b.store.read(group, ALL, other)).toEqual([]);
    await eventually('woken', () => b.told.queues.includes(group), 2 * leaseMs + 1_000);
    expect(sequences(await b.store.read(group, ALL, other))).toEqual([1, 2]);
    expect(await a.store.read(group, ALL, lease)).toEqual([]);
  }, 60_000);

  it('M8: clocks five minutes apart: nothing expires early or late, nothing is out of order', async () => {
    const shift = (ms: number) => ({ ...systemStoreEnvironment, now: () => systemStoreEnvironment.now() + ms });
    const early = await node({ environment: shift(-300_000) });
    const late = await node({ environment: shift(300_000) });
    const ada = await idOf(early);
    const lease = await late.store.claimAgent('ada', 'main');
    const now = systemStoreEnvironment.now();
    await early.store.publish([event({ expiresAt: now - 300_000 + 60_000 })]);
    await late.store.publish([event({ expiresAt: now + 300_000 + 60_000 })]);
    await early.store.publish([event({ dueAt: now - 300_000 + 2_000 })]);
    await late.store.publish([event({ dueAt: now + 300_000 + 2_100 })]);
    expect(sequences(await late.store.read(ada, ALL, lease))).toEqual([1, 2]);
    await eventually('all are due', async () => (await late.store.read(ada, ALL, lease)).length === 4);
    const items = await late.store.read(ada, ALL, lease);
    expect(sequences(items)).toEqual([1, 2, 3, 4]);
    for (const item of items.slice(0, 2)) {
      const leftMs = (item.kind === 'event' ? item.expiresAt : 0) - (now + 300_000);
      expect(leftMs).toBeGreaterThan(57_000);
      expect(leftMs).toBeLessThan(63_000);
    }
  });

  it('R9: entries that nobody reads expire by TTL and by retention, with numbers', async () => {
    const a = await node({ limits: { eventsMax: 100, bytesMax: 1e6, retentionMs: 4_000 } });
    const ada = await idOf(a);
    await a.store.publish([event({ expiresAt: Date.now() + 200 }), event(), event({ expiresAt: Date.now() + 200 })]);
    await sleep(400);
    const b = await node({ limits: { eventsMax: 100, bytesMax: 1e6, retentionMs: 4_000 } });
    const lease = await b.store.claimAgent('ada', 'main');
    expect(await b.store.openQueue(ADA)).toMatchObject({ waiting: 1 });
    await sleep(4_200);
    await node({ limits: { eventsMax: 100, bytesMax: 1e6, retentionMs: 4_000 } });
    const items = await b.store.read(ada, ALL, lease);
    expect(items).toEqual([
      { kind: 'skip', from: 1, to: 1, reason: 'expired' },
      { kind: 'skip', from: 2, to: 2, reason: 'retention' },
      { kind: 'skip', from: 3, to: 3, reason: 'expired' },
    ]);
  });

  it('E13: three nodes know each other, and one that ends is missed at once', async () => {
    const [a] = [await node(), await node({ about: 'http://127.0.0.1:2/readyz' })];
    const c = await node();
    expect(c.store.peers.map(({ node: name }) => name).sort()).toEqual([a.store.node, nodes[1]!.store.node].sort());
    expect(c.store.peers.some(({ about }) => about === 'http://127.0.0.1:2/readyz')).toBe(true);
    await a.store.close();
    expect((await node()).store.peers.map(({ node: name }) => name)).not.toContain(a.store.node);
  });

  it('E11: an idle node costs at most two commands a second, however many agents it serves', async () => {
    const [a, b] = [await node(), await node()];
    for (let index = 0; index < 300; index++) {
      const lease = await a.store.claimAgent(`agent-${index}`, 'main');
      const queueId = await idOf(a, { kind: 'agent', agentId: `agent-${index}` });
      await a.store.read(queueId, ALL, lease);
    }
    const count = async (): Promise<number> => {
      const calls = await server.commandCalls();
      return [...calls].filter(([name]) => !['info', 'quit'].includes(name)).reduce((sum, [, each]) => sum + each, 0);
    };
    const startedAt = await count();
    await server.command('EVAL', housekeepingScript, '1', 'sealane:', a.store.node);
    const before = await count();
    // In this time each node does everything but its housekeeping, which comes every 30 s.
    const seconds = 11;
    await sleep(seconds * 1_000);
    const perSecond = ((await count()) - before) / seconds / 2 + (before - startedAt) / 30;
    expect(perSecond).toBeGreaterThan(0.5);
    expect(perSecond).toBeLessThanOrEqual(2);
    expect(b.store.health.status).toBe('ready');
  }, 60_000);
});
