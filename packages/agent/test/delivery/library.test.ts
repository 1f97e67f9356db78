/** The library against the product's server: offline publishing, lost acks, presence, a server that goes and comes back. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { FaultProxy } from '@sealane/node/testing';
import { connect, type Agent, type AgentPresence, type ConnectOptions, type DeliveredEvent } from '../../src/index.ts';
import { Workbench, type ServerProgram } from '../processes.ts';

jest.setTimeout(90_000);

let bench = new Workbench();
const agents: Agent[] = [];
const proxies: FaultProxy[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await Promise.all(proxies.splice(0).map((proxy) => proxy.stop()));
  await bench.dispose();
  bench = new Workbench();
});

async function join(server: ServerProgram | number, options: ConnectOptions = {}): Promise<Agent> {
  const port = typeof server === 'number' ? server : server.port;
  const agent = await connect({ server: `127.0.0.1:${port}`, reconnect: { windowMs: 50, baseMs: 50 }, ...options });
  agents.push(agent);
  return agent;
}

async function until(condition: () => boolean): Promise<void> {
  for (let wait = 0; wait < 1_000; wait++) {
    if (condition()) return;
    await sleep(20);
  }
  throw new Error('it did not come to pass');
}

describe('events of the library', () => {
  it('E1, E10: structured values, text and bytes arrive as they were published, in order, from agent to agent', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const got: unknown[] = [];
    const receiver = await join(server, { dataDir: bench.directory(), id: 'receiver' });
    const direct = receiver.subscribe(null, (event) => void got.push([event.from, event.topic, event.text()]));
    const topic = receiver.subscribe('a.*', (event) => {
      got.push(event.contentType === 'application/msgpack' ? event.value() : [...event.body]);
    });
    expect(await direct.ready).toMatchObject({ waiting: 0, durability: 'durable' });
    await topic.ready;
    const sender = await join(server, { id: 'sender' });
    const receipts = [
      await sender.publish('topic:a.b', { list: [1, 'two'] }),
      await sender.publish('topic:a.c', Uint8Array.of(1, 2)),
      await sender.publish('agent:receiver', 'hello', { id: 'greeting-1' }),
    ];
    expect(receipts.map(({ sequence }) => sequence)).toEqual(
      [...receipts].map(({ sequence }) => sequence).sort((a, b) => a - b),
    );
    expect(receipts[2]?.id).toBe('greeting-1');
    await until(() => got.length === 3);
    expect(got).toEqual([{ list: [1, 'two'] }, [1, 2], ['agent:sender', undefined, 'hello']]);
    expect(() => receiver.subscribe('a.*', () => undefined)).toThrow(RangeError);
    await topic.unsubscribe({ forget: true });
    await sender.publish('topic:a.b', 'nobody any more');
    await receiver.subscribe('a.*', (event) => void got.push(event.text())).ready;
    await sender.publish('topic:a.b', 'again');
    await until(() => got.length === 4);
    expect(got[3]).toBe('again');
  });

  it('E11: published before there is a server, and through a restart of the agent: all go out once, in order', async () => {
    const dataDir = bench.directory();
    const probe = await bench.serve({ dataDir: bench.directory() });
    probe.program.kill('SIGKILL');
    await probe.program.ended;
    const first = await join(probe, { dataDir, waitForServer: false });
    expect(await first.publish('topic:x', '1', { waitFor: 'stored' })).toEqual({ id: expect.stringMatching(/-1$/) });
    await expect(first.publish('topic:x', '2', { timeoutMs: 50 })).rejects.toMatchObject({ code: 'E_TIMEOUT' });
    const third = first.publish('topic:x', '3', { timeoutMs: 0 });
    third.catch(() => undefined);
    await first.publish('topic:x', '4', { waitFor: 'stored' });
    await first.close();
    await expect(third).rejects.toMatchObject({ code: 'E_CLOSED' });
    await expect(first.publish('topic:x', 'late')).rejects.toMatchObject({ code: 'E_CLOSED' });

    const server = await bench.serve({ dataDir: bench.directory(), port: probe.port });
    const seen: string[] = [];
    const reader = await join(server);
    await reader.subscribe('x', (event) => void seen.push(event.text())).ready;
    const second = await join(server, { dataDir });
    await second.publish('topic:x', '5');
    await until(() => seen.length === 5);
    expect(seen).toEqual(['1', '2', '3', '4', '5']);
  });

  it('R3: acks lost on the wire: the events come again, are acked, and handled once', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const proxy = await FaultProxy.start({ target: { port: server.port } });
    proxies.push(proxy);
    const handled: string[] = [];
    const agent = await join(proxy.port, { dataDir: bench.directory() });
    const subscription = agent.subscribe('lossy', (event) => {
      // From now on nothing of what this agent says arrives.
      proxy.swallow({ toServer: true });
      handled.push(event.text());
    });
    await subscription.ready;
    const sender = await join(server);
    for (const text of ['1', '2', '3']) await sender.publish('topic:lossy', text);
    await until(() => handled.length === 3);
    await sleep(200);
    proxy.swallow({ toServer: false });
    proxy.cut();
    await until(() => agent.state.state === 'connected');
    await sender.publish('topic:lossy', '4');
    await until(() => handled.length >= 4);
    proxy.swallow({ toServer: false });
    proxy.cut();
    await agent.close();
    expect(handled).toEqual(['1', '2', '3', '4']);
  });

  it.each(['close', 'signal'] as const)(
    'R12: what is done when an agent ends by its %s is told before, and goes to no other member',
    async (end) => {
      const server = await bench.serve({ dataDir: bench.directory() });
      const ending = new AbortController();
      const first = await join(server, { dataDir: bench.directory(), signal: ending.signal });
      let done = 0;
      const endAt = 50;
      await first.subscribe(
        'work',
        () => {
          done += 1;
          if (done !== endAt) return;
          // The acks of these are on their way to the disk now.
          if (end === 'close') void first.close();
          else ending.abort();
        },
        { group: 'workers', concurrency: 100 },
      ).ready;
      const sender = await join(server);
      await Promise.all(Array.from({ length: 2 * endAt }, (_, index) => sender.publish('topic:work', `${index}`)));
      await first.whenClosed;
      const second = await join(server, { dataDir: bench.directory() });
      const attempts: number[] = [];
      await second.subscribe('work', ({ attempt }) => void attempts.push(attempt), { group: 'workers' }).ready;
      await until(() => attempts.length + done >= 2 * endAt);
      await sleep(200);
      expect([attempts.length + done, done]).toEqual([2 * endAt, endAt]);
    },
  );

  it('A15: a server that is killed and starts anew: publishing and subscriptions go on by themselves', async () => {
    const dataDir = bench.directory();
    const server = await bench.serve({ dataDir });
    const seen: string[] = [];
    const agent = await join(server, { dataDir: bench.directory() });
    await agent.subscribe('life', (event: DeliveredEvent) => void seen.push(event.text())).ready;
    await agent.publish('topic:life', 'before');
    await until(() => seen.length === 1);
    server.program.kill('SIGKILL');
    await server.program.ended;
    const waiting = agent.publish('topic:life', 'meanwhile', { timeoutMs: 60_000 });
    await bench.serve({ dataDir, port: server.port });
    expect(await waiting).toMatchObject({ durability: 'durable' });
    await agent.publish('topic:life', 'after');
    await until(() => seen.includes('after'));
    expect(new Set(seen)).toEqual(new Set(['before', 'meanwhile', 'after']));
  });

  it('presence: told at once, at every change, and after a reconnect', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const watcher = await join(server);
    const told: AgentPresence[] = [];
    const watch = watcher.watchPresence('friend', (presence) => told.push(presence));
    await until(() => told.length === 1);
    expect(told[0]).toEqual({ agentId: 'friend', online: false, lastSeenAt: undefined });
    const dataDir = bench.directory();
    const friend = await join(server, { id: 'friend', dataDir });
    await until(() => told.at(-1)?.online === true);
    await friend.close();
    await until(() => told.at(-1)?.online === false);
    expect(told.at(-1)?.lastSeenAt).toBeGreaterThan(Date.now() - 60_000);
    watch.close();
    expect(await watch.whenEnded).toBeUndefined();
    const before = told.length;
    await join(server, { id: 'friend', dataDir });
    await sleep(300);
    expect(told).toHaveLength(before);
  });

  it('E3: twenty thousand events at once over one connection: none lost, none twice, in order', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const agent = await join(server, { dataDir: bench.directory() });
    const seen: number[] = [];
    await agent.subscribe('fast', (event) => void seen.push(Number(event.text())), { windowEvents: 4_096 }).ready;
    const numbers = Array.from({ length: 20_000 }, (_, index) => index);
    const startedAt = performance.now();
    const all = numbers.map((number) => agent.publish('topic:fast', `${number}`, { timeoutMs: 0 }));
    const sequences = (await Promise.all(all)).map(({ sequence }) => sequence);
    expect(sequences).toEqual([...sequences].sort((left, right) => left - right));
    await until(() => seen.length >= numbers.length);
    expect(seen).toEqual(numbers);
    // A machine with nothing else to do takes a thirtieth of it.
    expect(performance.now() - startedAt).toBeLessThan(45_000);
  });
});
