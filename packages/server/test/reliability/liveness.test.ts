/**
 * Peers and ways that fall silent: found where they are dead, spared where only somebody slept (B4, B5, B11). Most of it is
 * waiting: tests run side by side, but for the one in which this process sleeps.
 */
import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { TestAgent } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';

jest.setTimeout(40_000);

/** Short, so that the tests are. The proportions are those of the defaults. */
const SHORT = { pingIntervalMs: 300, idleTimeoutMs: 900 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const hosts: ServerHost[] = [];
const relays: Relay[] = [];
afterAll(async () => {
  for (const relay of relays) relay.close();
  await Promise.all(hosts.map((host) => host.stop()));
});

async function start(options?: Parameters<typeof ServerHost.start>[0]): Promise<ServerHost> {
  const host = await ServerHost.start(options);
  hosts.push(host);
  return host;
}

/** Passes bytes on until a direction is cut: then they are swallowed, while both TCP connections stay as they are. */
class Relay {
  readonly swallows = { toAgent: false, toServer: false };
  readonly #sockets: Socket[] = [];
  readonly #listener: NetServer;

  private constructor(host: ServerHost) {
    this.#listener = createServer((client) => {
      const server = connect({ host: '127.0.0.1', port: host.port });
      this.#sockets.push(client, server);
      for (const socket of [client, server]) socket.on('error', () => undefined);
      server.on('data', (chunk) => this.swallows.toAgent || client.write(chunk));
      client.on('data', (chunk) => this.swallows.toServer || server.write(chunk));
      client.on('close', () => this.swallows.toServer || server.destroy());
      server.on('close', () => this.swallows.toAgent || client.destroy());
    });
  }

  static async start(host: ServerHost): Promise<Relay> {
    const relay = new Relay(host);
    relays.push(relay);
    relay.#listener.listen(0, '127.0.0.1');
    await once(relay.#listener, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#listener.address() as { port: number }).port;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
  }
}

describe('silence and sleep', () => {
  it.concurrent('B4, 2.1.18: a way cut in both directions: both sides find out in time', async () => {
    const host = await start({ sessionLimits: SHORT });
    const { port, swallows } = await Relay.start(host);
    const agent = await TestAgent.open({ port });
    await pause(1_500);
    expect((await host.report()).counters.connections.open).toBe(1);
    swallows.toAgent = swallows.toServer = true;
    const cutAt = performance.now();
    expect(await agent.closed).toMatchObject({ reason: 'failed', code: 'E_IDLE', byPeer: false });
    const { counters } = await host.reportWhen((report) => report.counters.disconnected['E_IDLE'] === 1);
    expect(performance.now() - cutAt).toBeLessThan(3_500);
    expect(counters.connections.open).toBe(0);
  });

  it.concurrent(
    'B5: only the way to the agent is cut: the agent finds out, though the server still hears it',
    async () => {
      const host = await start({ sessionLimits: SHORT });
      const { port, swallows } = await Relay.start(host);
      const agent = await TestAgent.open({ port });
      swallows.toAgent = true;
      expect(await agent.closed).toMatchObject({ code: 'E_IDLE', byPeer: false });
      // It says so on the way that is left.
      await host.reportWhen(({ counters }) => counters.disconnected['E_IDLE'] === 1);
    },
  );

  it.concurrent(
    'B5: only the way to the server is cut: the server finds out, though the agent still hears it',
    async () => {
      const host = await start({ sessionLimits: SHORT });
      const { port, swallows } = await Relay.start(host);
      const agent = await TestAgent.open({ port });
      swallows.toServer = true;
      expect(await agent.closed).toMatchObject({ code: 'E_IDLE' });
      await host.reportWhen(({ counters }) => counters.disconnected['E_IDLE'] === 1);
    },
  );

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
