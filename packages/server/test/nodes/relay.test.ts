/** Requests from an agent at one node to an agent at another, over a real Redis: servers of this process, and real ones. */
import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'redis';
import type { ServerOptions } from '../../src/index.ts';
import type { RedisStore } from '../../src/store/redis/index.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { ServerProcess } from '../server-process.ts';
import { TestAgent, newIdentity } from '../test-agent.ts';
import { TestServer, eventually as eventuallyWithin, temporaryDirectory } from '../test-server.ts';

jest.setTimeout(120_000);

/** Far longer than these tests: what ends before it did not end by it. */
const LONG_MS = 600_000;
const LARGE = Uint8Array.from({ length: 196_608 }, (_, index) => index * 7);

/** Waits as long as a busy machine may need. */
const eventually = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> =>
  eventuallyWithin(what, holds, 30_000);

let redis: RedisServer;
let nodes: TestServer[] = [];
let agents: TestAgent[] = [];
const identities = new Map(['ada', 'bob'].map((agentId) => [agentId, newIdentity()]));
let processes: ServerProcess[] = [];

/** Two nodes of one server, with an agent at each. */
async function start(options: Partial<ServerOptions> = {}): Promise<readonly [ada: TestAgent, bob: TestAgent]> {
  const [first] = (nodes = [await TestServer.start({ store: redis.url, ...options })]);
  const dataDirectory = temporaryDirectory();
  cpSync(join(first!.directory, 'identity.key'), join(dataDirectory, 'identity.key'), { preserveTimestamps: true });
  nodes.push(await TestServer.start({ store: redis.url, ...options, dataDirectory }));
  return [await open(0, 'ada'), await open(1, 'bob')];
}

/** An agent at a node; there once the store knows where it is. */
async function open(node: number, agentId: string): Promise<TestAgent> {
  const agent = await TestAgent.open({ port: nodes[node]!.port, agentId, identity: identities.get(agentId)! });
  agents.push(agent);
  const { store } = nodes[node]!.library.delivery;
  await eventually('known', async () => (await store.agentRecord(agentId)).node !== undefined);
  return agent;
}

const underWay = (node: number): number => nodes[node]!.library.counters().relaysUnderWay;
const served = (node: number): number => nodes[node]!.library.counters().relaysServed;

describeWithRedis('requests between nodes', () => {
  beforeEach(async () => {
    redis = await RedisServer.start();
  });
  afterEach(async () => {
    for (const agent of agents) agent.destroy();
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.map(({ result }) => result));
    await Promise.all(nodes.map((node) => node.stop()));
    [nodes, agents, processes] = [[], [], []];
    await redis.stop();
  });

  it('H4, A7, A8: go both ways with their sender, progress and large bodies; answers, codes, cancel and deadline come back', async () => {
    const [ada, bob] = await start();
    let aborted = 0;
    for (const agent of [ada, bob]) {
      agent.handle('work', (request, context) => {
        context.progress({ percent: 50 });
        context.progress(request);
        return `${request.from} asked ${request.text()}`;
      });
      agent.handle('late', () => new Promise(() => undefined));
      agent.handle('large', (request) => request);
      agent.handle('never', (_request, context) => {
        context.signal.addEventListener('abort', () => (aborted += 1));
        return new Promise(() => undefined);
      });
    }
    for (const [agent, own, to] of [
      [ada, 'agent:ada', 'agent:bob'],
      [bob, 'agent:bob', 'agent:ada'],
    ] as const) {
      const parts: unknown[] = [];
      const onProgress = (part: { value(): unknown }): unknown => parts.push(part);
      expect((await agent.channel.request('work', 'it', { to, onProgress })).text()).toBe(`${own} asked it`);
      expect(parts).toMatchObject([{ contentType: 'application/msgpack' }, { contentType: 'text/plain' }]);
      expect((await agent.channel.request('large', LARGE, { to })).body).toEqual(LARGE);
      await expect(agent.channel.request('unknown', 'x', { to })).rejects.toMatchObject({ code: 'E_NO_HANDLER' });
      const controller = new AbortController();
      const given = agent.channel.request('never', 'x', { to, signal: controller.signal });
      given.catch(() => undefined);
      await eventually('at work', () => served(0) + served(1) === 1);
      controller.abort();
      await expect(given).rejects.toMatchObject({ code: 'E_CANCELLED' });
      const late = agent.channel.request('late', 'x', { to, timeoutMs: 50 });
      await expect(late).rejects.toMatchObject({ code: 'E_TIMEOUT' });
      await eventually('none left', () => underWay(0) + underWay(1) + served(0) + served(1) === 0);
    }
    await expect(ada.channel.request('x', 'x', { to: 'agent:eve' })).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await eventually('both told', () => aborted === 2);
  });

  it('H4, A7, O1: what is at work at a node that loses its agent, is drained or ends is over at once for the asker', async () => {
    const [ada, bob] = await start();
    const never = () => new Promise<undefined>(() => undefined);
    bob.handle('never', never);
    const ask = async (): Promise<{ readonly reply: Promise<unknown> }> => {
      const reply = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
      reply.catch(() => undefined);
      await eventually('at work', () => served(1) === 1);
      return { reply };
    };
    const { reply: cut } = await ask();
    bob.destroy();
    await expect(cut).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    (await open(1, 'bob')).handle('never', never);
    const { reply: drained } = await ask();
    await Promise.all([
      nodes[1]!.library.drain({ workMs: 100 }),
      expect(drained).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' }),
    ]);
    const gone = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
    await expect(gone).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await eventually('none left', () => underWay(0) === 0);
  });

  it('H4, D1, S11: what else comes on the channel of a node is dropped and counted; everything goes on', async () => {
    const [ada, bob] = await start();
    bob.handle('hello', () => 'here');
    const other = createClient({ url: redis.url });
    await other.connect();
    const [, second] = nodes;
    const store = second!.library.delivery.store as RedisStore;
    for (const text of ['', 'rubbish', '\u0001\u0004evil', '\u0009\u0004evil and of another version'])
      expect(await other.publish(`sealane:relay:${store.node}`, text)).toBe(1);
    other.destroy();
    const dropped = () => second!.library.counters().nodeMessagesDropped;
    await eventually('dropped', () => dropped()['version'] === 1);
    expect(dropped()).toEqual({ malformed: 3, version: 1, unexpected: 0 });
    expect((await ada.channel.request('hello', 'x', { to: 'agent:bob' })).text()).toBe('here');
    expect(second!.library.counters().faults).toBe(0);
  });

  it('H4, M2, M3: Redis goes away: what is under way and what comes now ends, and all goes on when it is back', async () => {
    const [ada, bob] = await start();
    let aborted = 0;
    bob.handle('never', (_request, context) => {
      context.signal.addEventListener('abort', () => (aborted += 1));
      return new Promise(() => undefined);
    });
    const reply = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
    reply.catch(() => undefined);
    await eventually('at work', () => served(1) === 1);
    await redis.kill();
    const next = ada.channel.request('echo', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
    await expect(next).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    await expect(reply).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    expect((await ada.channel.request('echo', 'still here')).text()).toBe('still here');
    await redis.startAgain();
    bob.handle('hello', () => 'and here');
    const answered = async (): Promise<boolean> => {
      try {
        return (await ada.channel.request('hello', 'x', { to: 'agent:bob' })).text() === 'and here';
      } catch {
        return false;
      }
    };
    await eventually('answered', answered);
    // What bob still does for nobody is over once the nodes look at each other.
    const again = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
    again.catch(() => undefined);
    await eventually('given up', () => aborted === 1 && served(1) === 1);
    expect(underWay(0)).toBe(1);
  });

  it('H4, A7, M7: go from process to process of one server; one that is killed ends what it had, the next one serves again', async () => {
    const directory = temporaryDirectory();
    const words = ['--data-dir', directory, '--store', redis.url, '--admin-port', 'off', '--processes', '2'];
    const server = await ServerProcess.start(words);
    processes.push(server);
    const ada = await TestAgent.open({ port: server.port, agentId: 'ada' });
    const bob = await TestAgent.open({ port: server.port, agentId: 'bob' });
    agents.push(ada, bob);
    const lines = (message: string) => server.log.filter((line) => line['message'] === message);
    await eventually('connected', () => lines('agent connected').length === 2);
    const [there, here] = ['bob', 'ada'].map(
      (agentId) => lines('agent connected').find((line) => line['agent'] === agentId)?.['process'],
    );
    expect(there).not.toBe(here);
    const atWork = Promise.withResolvers<undefined>();
    bob.handle('hello', ({ from }) => `hello ${from}`);
    bob.handle('never', () => {
      atWork.resolve(undefined);
      return new Promise(() => undefined);
    });
    const greeted = async (): Promise<boolean> => {
      const reply = await ada.channel.request('hello', 'x', { to: 'agent:bob' }).catch(() => undefined);
      return reply?.text() === 'hello agent:ada';
    };
    await eventually('greeted', greeted);
    const reply = ada.channel.request('never', 'x', { to: 'agent:bob', timeoutMs: LONG_MS });
    reply.catch(() => undefined);
    await atWork.promise;
    process.kill(Number(lines('process serves').find((line) => line['process'] === there)?.['pid']), 'SIGKILL');
    await expect(reply).rejects.toMatchObject({ code: 'E_NOT_CONNECTED' });
    expect((await ada.channel.request('echo', 'still here')).text()).toBe('still here');
    rmSync(directory, { recursive: true, force: true });
  });
});
