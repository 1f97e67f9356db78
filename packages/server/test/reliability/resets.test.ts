/** Connections that end at the worst moment, on sessions that are open (B6), and what is left of them. */
import { once } from 'node:events';
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { encodeRequest, encodeStreamOpen } from '@sealane/shared/packets';
import { TestAgent } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';
import { SessionPeer } from './session-peer.ts';

jest.setTimeout(30_000);

let host: ServerHost;
const relays: NetServer[] = [];
afterEach(async () => {
  for (const relay of relays.splice(0)) relay.close();
  await host.stop();
});

/** Passes bytes on to the server, and resets both sides once `cutAfterBytes` came from the agent. */
async function cuttingRelay(cutAfterBytes: number): Promise<number> {
  const relay = createServer((client) => {
    const server = connect({ host: '127.0.0.1', port: host.port });
    let left = cutAfterBytes;
    for (const socket of [client, server]) socket.on('error', () => undefined);
    server.on('data', (chunk) => client.write(chunk));
    client.on('data', (chunk: Buffer) => {
      const passed = chunk.subarray(0, left);
      left -= passed.length;
      server.write(passed, () => {
        // Not at once: what a socket has not passed on when it is reset is lost.
        if (left === 0) setTimeout(() => reset(client, server), 40);
      });
    });
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  }).listen(0, '127.0.0.1');
  relays.push(relay);
  await once(relay, 'listening');
  return (relay.address() as { port: number }).port;
}

function reset(...sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.resetAndDestroy();
}

describe('resets', () => {
  it('B6: in the middle of a handshake, of a length, of a record', async () => {
    host = await ServerHost.start();
    const cuts = [1, 3, 4, 5, 600, 1_235, 1_236, 1_300, 1_500, 1_600, 1_700, 2_000, 10_000, 60_000];
    for (const cut of cuts) {
      const port = await cuttingRelay(cut);
      const agent = await TestAgent.start({ port });
      const asked = agent.opened.then(() => agent.channel.request('echo', new Uint8Array(100_000)));
      await expect(asked).rejects.toThrow();
      expect(await agent.closed).toMatchObject({ reason: 'truncated' });
    }
    const { counters } = await host.reportWhen((report) => report.counters.addresses === 0);
    expect(counters.connections).toEqual({ handshaking: 0, open: 0, closing: 0 });
    expect(counters.faults).toBe(0);
    // Some are gone before they are taken.
    expect(counters.accepted).toBeGreaterThan(cuts.length / 2);
    const ended = [...Object.values(counters.handshakes.failed), ...Object.values(counters.disconnected)];
    expect(ended.reduce((sum, count) => sum + count, 0)).toBe(counters.accepted);
    expect(counters.disconnected['truncated']).toBeGreaterThanOrEqual(1);
  });

  it('B6: while the server writes, with streams and requests open', async () => {
    host = await ServerHost.start();
    for (let round = 0; round < 5; round++) {
      const peer = await SessionPeer.open({ port: host.port });
      peer.stopReading().forge((writer) => {
        for (let id = 1; id <= 60; id++) encodeRequest(writer, id, 'large', new Uint8Array(0), null, 0, null, null);
        for (let id = 1; id < 40; id += 2) encodeStreamOpen(writer, id, 'nobody', new Uint8Array(0));
      });
      await host.reportWhen(({ counters }) => counters.requests === (round + 1) * 60 && counters.bytesOut > 1e6);
      peer.socket.resetAndDestroy();
    }
    const { counters, heldBytes } = await host.reportWhen((report) => report.counters.addresses === 0);
    expect(counters.disconnected).toEqual({ truncated: 5 });
    expect(counters.faults).toBe(0);
    expect(heldBytes).toBeLessThan(100 * 2 ** 20);
    const agent = await TestAgent.open({ port: host.port });
    expect((await agent.channel.request('echo', 'alive')).text()).toBe('alive');
    await agent.close();
    expect(host.stderr).not.toMatch(/fault| {4}at /);
  });

  it('B6: half-closed and silent: the session ends as truncated', async () => {
    host = await ServerHost.start();
    const peer = await SessionPeer.open({ port: host.port });
    peer.socket.end();
    await peer.ended;
    const { counters } = await host.reportWhen((report) => report.counters.addresses === 0);
    expect(counters.disconnected).toEqual({ truncated: 1 });
  });
});
