/**
 * Peers and ways that fall silent: found where they are dead, spared where only somebody slept (B4, B5, B11). Most of it is
 * waiting: tests run side by side, but for the one in which this process sleeps.
 */
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { FaultProxy } from '@sealane/node/testing';
import { TestAgent } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';

jest.setTimeout(40_000);

/** Short, so that the tests are, and longer than a busy machine stands still. The proportions are those of the defaults. */
const SHORT = { pingIntervalMs: 800, idleTimeoutMs: 2_400 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const hosts: ServerHost[] = [];
const relays: FaultProxy[] = [];
afterAll(async () => {
  await Promise.all(relays.map((way) => way.stop()));
  await Promise.all(hosts.map((host) => host.stop()));
});

async function start(options?: Parameters<typeof ServerHost.start>[0]): Promise<ServerHost> {
  const host = await ServerHost.start(options);
  hosts.push(host);
  return host;
}

/** Passes bytes on until a direction is told to swallow them, while both TCP connections stay as they are. */
async function relay(host: ServerHost): Promise<FaultProxy> {
  const proxy = await FaultProxy.start({ target: { port: host.port } });
  relays.push(proxy);
  return proxy;
}

describe('silence and sleep', () => {
  it.concurrent('B4, 2.1.18: a way cut in both directions: both sides find out in time', async () => {
    const host = await start({ sessionLimits: SHORT });
    const way = await relay(host);
    const agent = await TestAgent.open({ port: way.port });
    await pause(3_500);
    expect((await host.report()).counters.connections.open).toBe(1);
    way.swallow({ toAgent: true, toServer: true });
    const cutAt = performance.now();
    expect(await agent.closed).toMatchObject({ reason: 'failed', code: 'E_IDLE', byPeer: false });
    const { counters } = await host.reportWhen((report) => report.counters.disconnected['E_IDLE'] === 1);
    expect(performance.now() - cutAt).toBeLessThan(8_000);
    expect(counters.connections.open).toBe(0);
  });

  it.concurrent('B5: only the way to the agent is cut: the agent finds out, though the server still hears it', async () => {
    const host = await start({ sessionLimits: SHORT });
    const way = await relay(host);
    const agent = await TestAgent.open({ port: way.port });
    way.swallow({ toAgent: true });
    expect(await agent.closed).toMatchObject({ code: 'E_IDLE', byPeer: false });
    // It says so on the way that is left.
    await host.reportWhen(({ counters }) => counters.disconnected['E_IDLE'] === 1);
  });

  it.concurrent('B5: only the way to the server is cut: the server finds out, though the agent still hears it', async () => {
    const host = await start({ sessionLimits: SHORT });
    const way = await relay(host);
    const agent = await TestAgent.open({ port: way.port });
    way.swallow({ toServer: true });
    expect(await agent.closed).toMatchObject({ code: 'E_IDLE' });
    await host.reportWhen(({ counters }) => counters.disconnected['E_IDLE'] === 1);
  });

  it.concurrent('B11: 5 s of SIGSTOP with idle agents: nobody is disconnected, and all are answered', async () => {
    const host = await start();
    const agents = await Promise.all(Array.from({ length: 20 }, () => TestAgent.open({ port: host.port })));
    host.child.kill('SIGSTOP');
    await pause(5_000);
    host.child.kill('SIGCONT');
    const replies = await Promise.all(agents.map((agent) => agent.channel.request('echo', 'still here')));
    expect(replies.map((reply) => reply.text())).toEqual(agents.map(() => 'still here'));
    await pause(1_000);
    const { counters } = await host.report();
    expect(counters.disconnected).toEqual({});
    expect(counters.connections.open).toBe(20);
    for (const agent of agents) agent.destroy();
  });

  it('B11: where both sides slept, longer than the idle time, nobody condemns the other', async () => {
    const host = await start({ sessionLimits: { ...SHORT, ownPauseMs: 500 } });
    const agents = await Promise.all(Array.from({ length: 10 }, () => TestAgent.open({ port: host.port })));
    await pause(500);
    host.child.kill('SIGSTOP');
    // This process sleeps as well, with all its timers: a machine whose lid was closed.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_500);
    host.child.kill('SIGCONT');
    await pause(2_000);
    const { counters } = await host.report();
    expect(counters.disconnected).toEqual({});
    expect(counters.connections.open).toBe(10);
    for (const agent of agents) agent.destroy();
  });
});
