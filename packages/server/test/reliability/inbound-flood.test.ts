/** Agents that bring more at once than the server has memory for (rules 2 and 6), measured in the server's own process. */
import { totalmem } from 'node:os';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ERRORS } from '@sealane/shared/errors';
import {
  encodeProducerOpen,
  encodePublish,
  encodeRequest,
  encodeStreamData,
  encodeStreamOpen,
} from '@sealane/shared/packets';
import { memoryLimitBytes } from '../../src/limits/index.ts';
import { TestAgent } from '../test-agent.ts';
import { eventually } from '../eventually.ts';
import { ServerHost, type HostReport } from './server-host.ts';
import { SessionPeer } from './session-peer.ts';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
const BUDGET_BYTES = 8 * MIB;
const LARGE = new Uint8Array(95_000);
const PEERS = 20;
/** 7.5 MiB each. */
const STREAMS = 8;
const PIECES = 15;
const PIECE = new Uint8Array(65_536);
/** 8 MiB, as much as one connection may have waiting for the store. */
const EVENTS_EACH = 88;

let host: ServerHost;
const peers: SessionPeer[] = [];
afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await host.stop();
});

/** A server whose connections share 8 MiB, whatever the machine has. */
async function start(): Promise<{ neighbour: TestAgent; before: HostReport }> {
  host = await ServerHost.start({
    logLevel: 'error',
    limitOverrides: { inboundMemoryShare: BUDGET_BYTES / Math.min(memoryLimitBytes(), totalmem()) },
  });
  const neighbour = await TestAgent.open({ port: host.port });
  for (let count = 0; count < PEERS; count++) peers.push(await SessionPeer.open({ port: host.port }));
  return { neighbour, before: await host.report() };
}

/** Writes as fast as the server reads, until it is all written or nothing was taken for `limitMs`. */
async function writeAll(peer: SessionPeer, count: number, write: (index: number) => void): Promise<number> {
  for (let index = 0; index < count; index++) {
    if (peer.socket.destroyed || !(await peer.writable(10_000))) return index;
    write(index);
  }
  return count;
}

/** Codes of receipts by number of the event; 0 where it was stored. */
function receiptsOf(peer: SessionPeer): Map<number, number> {
  const codes = new Map<number, number>();
  for (const event of peer.events) {
    if (event.type !== 'delivery' || event.packet.id !== 0x3c) continue;
    const { number, count, code } = event.packet;
    for (let index = 0; index < count; index++) codes.set(number + index, code);
  }
  return codes;
}

function publishOf(number: number, body: Uint8Array): Parameters<SessionPeer['forge']>[0] {
  return (writer) => encodePublish(writer, 1, number, 0, 'topic:flood', null, body, null, 0, 0, false);
}

describe('more than there is memory for', () => {
  it('B13, rules 2, 6: 20 agents publish 8 MiB each while the disk hangs: they wait, then are refused; others notice nothing', async () => {
    const { neighbour, before } = await start();
    await host.holdStore(true);
    for (const [index, peer] of peers.entries())
      peer.forge((writer) => encodeProducerOpen(writer, 1, `outbox-${index}`.padEnd(16, '_')));
    const light = peers[0]!;
    const floods = peers
      .slice(1)
      .map((peer) => writeAll(peer, EVENTS_EACH, (index) => peer.forge(publishOf(index + 1, LARGE))));
    const paused = await host.reportWhen(({ counters: { inbound } }) => inbound.pauses > 0, 20_000);
    expect(paused.heldBytes - before.heldBytes).toBeLessThan(6 * BUDGET_BYTES);
    expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
    light.forge(publishOf(1, new Uint8Array(1_000)));
    expect(await Promise.all(floods)).toEqual(Array(PEERS - 1).fill(EVENTS_EACH));
    const full = await host.reportWhen(
      ({ counters }) => counters.bytesIn > 0.95 * (PEERS - 1) * EVENTS_EACH * LARGE.length,
      20_000,
    );
    expect(full.counters.inbound.bytes).toBeLessThan(2 * BUDGET_BYTES);
    expect(full.counters.inbound.refusals).toBeGreaterThan(0);
    expect(full.counters.inbound.bytes).toBeGreaterThan(BUDGET_BYTES / 2);
    // 160 MiB were brought; the budget is 8.
    expect(full.heldBytes - before.heldBytes).toBeLessThan(6 * BUDGET_BYTES);
    await host.holdStore(false);
    await host.reportWhen(({ counters: { inbound } }) => inbound.bytes === 0, 20_000);
    expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
    // Every event has its answer: stored, or to come again.
    const answers = (): number[] => peers.slice(1).flatMap((peer) => [...receiptsOf(peer).values()]);
    await eventually(
      'answers',
      () => answers().length === (PEERS - 1) * EVENTS_EACH && receiptsOf(light).size === 1,
      20_000,
    );
    const codes = answers();
    const stored = codes.filter((code) => code === 0).length;
    expect(codes.filter((code) => code !== 0 && code !== ERRORS.E_BUSY.number)).toEqual([]);
    expect(stored).toBeGreaterThan(0);
    expect([...receiptsOf(light)]).toEqual([[1, 0]]);
    await neighbour.close();
  });

  it('B13, rule 6: requests whose handlers do not come to an end are refused once all together hold the budget', async () => {
    const { neighbour, before } = await start();
    // Their sessions know nothing of these requests.
    for (const peer of peers) peer.stopListening();
    const sent = peers.map((peer) =>
      writeAll(peer, EVENTS_EACH, (index) =>
        peer.forge((writer) => encodeRequest(writer, index + 1, 'never', LARGE, null, 0, null, null)),
      ),
    );
    expect(await Promise.all(sent)).toEqual(Array(PEERS).fill(EVENTS_EACH));
    const { heldBytes, counters } = await host.reportWhen(
      (report) => report.counters.requests === PEERS * EVENTS_EACH,
      20_000,
    );
    expect(counters.inbound.refusals).toBeGreaterThan((PEERS * EVENTS_EACH) / 2);
    expect(counters.inbound.bytes).toBeLessThanOrEqual(BUDGET_BYTES + PEERS * 65_536);
    expect(heldBytes - before.heldBytes).toBeLessThan(4 * BUDGET_BYTES);
    expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
    await neighbour.close();
  });

  it('B13, rule 2: streams that nobody reads, and frames that nobody finishes, stay within it; once they are read, everything comes', async () => {
    const { neighbour, before } = await start();
    const streaming = peers.slice(0, 10);
    const unfinished = peers.slice(10);
    for (const peer of streaming) {
      peer.forge((writer) => {
        for (let stream = 0; stream < STREAMS; stream++)
          encodeStreamOpen(writer, 1 + 2 * stream, 'stalled', new Uint8Array(0));
      });
      for (let index = 0; index < STREAMS * PIECES; index++)
        peer.forge((writer) => encodeStreamData(writer, 1 + 2 * (index % STREAMS), PIECE));
    }
    for (const { session, socket } of unfinished) {
      const outbox = session['outbox'];
      encodeRequest(outbox.writer(), 1, 'echo', LARGE, null, 0, null, null);
      outbox.seal();
      for (const piece of session.takeOutput()) socket.write(piece.subarray(0, LARGE.length - 10_000));
    }
    const { heldBytes, counters } = await host.reportWhen(({ counters: { inbound } }) => {
      return inbound.pauses >= streaming.length && inbound.bytes >= BUDGET_BYTES / 2;
    }, 20_000);
    // 75 MiB want to come.
    expect(counters.inbound.bytes).toBeLessThan(2 * BUDGET_BYTES);
    expect(heldBytes - before.heldBytes).toBeLessThan(4 * BUDGET_BYTES);
    expect((await neighbour.channel.request('echo', 'hi')).text()).toBe('hi');
    // Once their handlers read, everything comes.
    await neighbour.channel.request('read-streams');
    const streamBytes = streaming.length * STREAMS * PIECES * PIECE.length;
    await host.reportWhen(({ counters: { bytesIn } }) => bytesIn > streamBytes, 20_000);
    for (const { socket } of peers) socket.destroy();
    await host.reportWhen((report) => report.counters.inbound.bytes === 0, 20_000);
    await neighbour.close();
  });
});
