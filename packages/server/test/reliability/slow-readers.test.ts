/** Peers that make the server talk and do not listen (rules 2 and 4), measured in the server's own process. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { encodePing, encodeRequest, encodeResponse } from '@sealane/shared/packets';
import { TestAgent } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';
import { SessionPeer } from './session-peer.ts';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
const LARGE = new Uint8Array(190_000);
/** 95 MB: far more than any buffer of the server and of the system. */
const MANY = { limitMs: 20_000, countMax: 500 };

let host: ServerHost;
const sockets: SessionPeer[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.destroy();
  await host.stop();
});

async function open(options: { readonly agentId?: string } = {}): Promise<SessionPeer> {
  const peer = await SessionPeer.open({ port: host.port, ...options });
  sockets.push(peer);
  return peer;
}

/** Lets `write` be called until the server takes no more, or `limitMs` is over. @returns calls. */
async function flood(
  peer: SessionPeer,
  { limitMs, countMax = Infinity }: { readonly limitMs: number; readonly countMax?: number },
  write: () => void,
): Promise<number> {
  const endAt = performance.now() + limitMs;
  let count = 0;
  while (count < countMax && performance.now() < endAt && !peer.socket.destroyed) {
    write();
    count += 1;
    await new Promise((resolve) => setImmediate(resolve));
    if (!(await peer.writable(endAt - performance.now()))) break;
  }
  return count;
}

describe('who does not read', () => {
  it('B3, 2.0.13, rule 4: pings and requests whose answers nobody reads stop the peer itself; memory is bounded', async () => {
    host = await ServerHost.start();
    const before = (await host.report()).heldBytes;
    const neighbour = await TestAgent.open({ port: host.port });
    const peers = await Promise.all(Array.from({ length: 4 }, () => open()));
    const latencies: number[] = [];
    const floods = peers.map(async (peer) => {
      peer.stopReading();
      let id = 0;
      return await flood(peer, { limitMs: 2_500 }, () =>
        peer.forge((writer) => {
          for (let token = 0; token < 100; token++) encodePing(writer, token);
          encodeRequest(writer, (id += 1), 'echo', LARGE, null, 0, null, null);
        }),
      );
    });
    const asking = (async () => {
      for (let count = 0; count < 40; count++) {
        const start = performance.now();
        expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
        latencies.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    })();
    await Promise.all([...floods, asking]);
    const { heldBytes, counters } = await host.report();
    for (const peer of peers) expect(peer.socket.writableLength).toBeGreaterThan(0);
    expect(counters.bytesIn).toBeGreaterThan(4 * MIB);
    expect(heldBytes - before).toBeLessThan(24 * MIB);
    expect(counters.faults).toBe(0);
    // What else the machine does may hold up one or two of the forty.
    expect(latencies.sort((one, other) => one - other)[37]).toBeLessThan(1_000);
    await neighbour.close();
  });

  it('B3, rule 4: requests for another agent that does not read are refused once its buffer is full', async () => {
    host = await ServerHost.start();
    (await open({ agentId: 'deaf' })).stopReading();
    const asker = (await open({ agentId: 'asker' })).stopListening();
    const before = (await host.report()).heldBytes;
    let id = 0;
    const count = await flood(asker, MANY, () =>
      asker.forge((writer) => encodeRequest(writer, (id += 1), 'x', LARGE, null, 1, 'agent:deaf', null)),
    );
    expect(count).toBe(MANY.countMax);
    const { heldBytes } = await host.reportWhen(({ counters }) => counters.requests > 0.9 * count);
    expect(heldBytes - before).toBeLessThan(40 * MIB);
  });

  it('B3, rule 4: progress for an asker that does not read is refused once its buffer is full', async () => {
    host = await ServerHost.start();
    const worker = await open({ agentId: 'worker' });
    const asker = await open({ agentId: 'asker' });
    asker.forge((writer) => encodeRequest(writer, 1, 'x', LARGE, null, 0, 'agent:worker', null));
    while (!worker.events.some(({ type }) => type === 'request'))
      await new Promise((resolve) => setTimeout(resolve, 5));
    asker.stopReading();
    const before = (await host.report()).heldBytes;
    const count = await flood(worker, MANY, () =>
      worker.forge((writer) => encodeResponse(writer, 1, 2, false, LARGE, null, 0)),
    );
    const { heldBytes, counters } = await host.report();
    expect(count).toBe(MANY.countMax);
    expect(counters.relaysUnderWay).toBe(0);
    expect(worker.events).toContainEqual(expect.objectContaining({ type: 'request-ended', code: 'E_CANCELLED' }));
    expect(heldBytes - before).toBeLessThan(40 * MIB);
  });
});

describe("the server's own limits", () => {
  it('B2: a window and a rate for readers that the server was given reach its connections', async () => {
    host = await ServerHost.start({ limitOverrides: { slowReaderWindowMs: 400, slowReaderBytesPerSecond: 65_536 } });
    const neighbour = await TestAgent.open({ port: host.port });
    const peer = (await open()).stopReading();
    const start = performance.now();
    let id = 0;
    await flood(peer, { limitMs: 5_000 }, () =>
      peer.forge((writer) => encodeRequest(writer, (id += 1), 'echo', LARGE, null, 0, null, null)),
    );
    const { counters } = await host.reportWhen((report) => report.counters.disconnected['E_SLOW_READER'] === 1);
    expect(performance.now() - start).toBeLessThan(25_000);
    expect(counters.connections.open).toBe(1);
    expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
    await neighbour.close();
  });
});
