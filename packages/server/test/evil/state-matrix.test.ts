/**
 * D6: an evil agent sends every packet of the registry, and ids that nobody has, in every state of a server over TCP: what
 * becomes of it is what docs/protocols/states.md says. The same page holds sessions in memory (packages/shared/test/evil).
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { encodeFrame } from '@sealane/shared/frames';
import { encodeClose, encodeSubscribe } from '@sealane/shared/packets';
import { StateTable, samplePacket, type StateCell, type TableState } from '@sealane/shared/testing';
import { SUITE, WIRE_VERSIONS } from '@sealane/shared/wire';
import { encryptionRequest } from '../reliability/flood-peer.ts';
import { SessionPeer, type SessionPeerOptions } from '../reliability/session-peer.ts';
import { RawPeer } from '../raw-peer.ts';
import { TestAgent } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';

const TABLE = StateTable.parse(readFileSync(new URL('../../../../docs/protocols/states.md', import.meta.url), 'utf8'));
/** All ids up to 0x5F, and some from where nothing is. */
const IDS = [...Array.from({ length: 0x60 }, (_, id) => id), 0x60, 0x7f, 0x80, 0xfe, 0xff];
/** By version: the first id of those that a later one adds. */
const NEXT_IDS: Readonly<Record<number, number>> = { 1: 0x30, 2: 0x40 };
const ATTACKS_AT_ONCE = 12;
/** Connections cost less with it, and every packet is in it. */
const CLASSICAL = { suites: [SUITE.classical] };

let server: TestServer;
/** How sessions ended that were open, by agent. */
const ends = new Map<string, string>();
beforeEach(async () => {
  ends.clear();
  server = await TestServer.start({ suites: 'any', store: 'memory:' });
  server.library.on('agent-disconnected', ({ agentId }, reason) => ends.set(agentId, reason));
});
afterEach(() => server.stop());

/** Runs attacks, a few at a time. */
async function forEachId(attack: (id: number) => Promise<void>): Promise<void> {
  const left = [...IDS];
  const next = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await attack(id);
  };
  await Promise.all(Array.from({ length: ATTACKS_AT_ONCE }, next));
}

/** The server is as it was: it serves, and blames itself for nothing. */
async function isWell(): Promise<void> {
  const agent = await TestAgent.open({ port: server.port });
  expect((await agent.channel.request('echo', 'well')).text()).toBe('well');
  await agent.close();
  expect(server.library.counters().faults).toBe(0);
}

function evil(id: number, options: Partial<SessionPeerOptions> = {}): SessionPeerOptions {
  return { port: server.port, agentId: `evil-${id}`, settings: CLASSICAL, ...options };
}

/** A clear frame with this id, and nothing of use in it. */
function clearFrame(id: number): Uint8Array {
  const body = new Uint8Array(100);
  body[0] = id;
  return encodeFrame(body);
}

/**
 * Sends a packet and, where the page says that the session goes on, an orderly end behind it, which then is all that ends it.
 *
 * @param lead id of a packet that comes before it in the same record.
 * @returns what became of it, in the words of the page.
 */
async function outcome(peer: SessionPeer, id: number, cell: StateCell, lead?: number): Promise<StateCell['first']> {
  const agentId = `evil-${id}`;
  peer.forge((writer) => {
    if (lead !== undefined) writer.bytes(samplePacket(lead, 'server'));
    writer.bytes(samplePacket(id, 'server'));
  });
  if (!isCode(cell)) peer.forge((writer) => encodeClose(writer, 0));
  await peer.ended;
  await eventually('counted', () => ends.has(agentId));
  const end = ends.get(agentId) ?? '';
  if (id === 0x0b && end === 'E_DRAINING') return 'ended';
  if (end !== 'closed') return end as `E_${string}`;
  return cell.first === 'ended' ? 'ended' : 'goes on';
}

const isCode = ({ first }: StateCell): boolean => first.startsWith('E_');

describe('D6: a server over TCP', () => {
  it('the tables are those of a server that is tested here', () => {
    const tested: TableState[] = ['AwaitEncryptionRequest', 'AwaitEncryptionFinish', 'AwaitDecision', 'Open'];
    expect(TABLE.states('server')).toEqual([...tested, 'Open, key update', 'AwaitClose']);
    for (const id of TABLE.names('server').keys()) expect(IDS).toContain(id);
  });

  it.each(['AwaitEncryptionRequest', 'AwaitEncryptionFinish'] as const)(
    'D6: in %s: ended in silence, with the code, at once',
    async (state) => {
      const expected: Record<string, number> = {};
      const isFirst = state === 'AwaitEncryptionRequest';
      await forEachId(async (id) => {
        const peer = await RawPeer.connect(server.port);
        if (!isFirst) {
          peer.send(encryptionRequest());
          await eventually('0x02', () => peer.received.length > 0);
        }
        const { length } = peer.received;
        peer.send(clearFrame(id));
        await peer.ended;
        expect([id, peer.received.length]).toEqual([id, length]);
      });
      for (const id of IDS) {
        const { first } = TABLE.cell('server', state, id);
        // What is awaited is taken, and is nothing: the content of a handshake packet has one code in each state.
        const code = first === 'goes on' ? (isFirst ? 'E_MALFORMED' : 'E_HANDSHAKE') : first;
        expected[code] = (expected[code] ?? 0) + 1;
      }
      await eventually('all counted', () => server.library.counters().connections.closing === 0);
      expect(server.library.counters().handshakes.failed).toEqual(expected);
      await isWell();
    },
  );

  it('D6: in AwaitDecision: what comes right behind 0x03 is not looked at', async () => {
    await forEachId(async (id) => {
      const peer = await SessionPeer.start(evil(id, { behindFinish: samplePacket(id, 'server') }));
      await peer.ended;
      expect([id, peer.told]).toEqual([id, TABLE.cell('server', 'AwaitDecision', id).first]);
    });
    expect(server.library.counters().handshakes.failed).toEqual({ E_STATE: IDS.length });
    expect(server.library.agents()).toEqual([]);
    await isWell();
  });

  it.each(WIRE_VERSIONS.map(({ version }) => version))('D6: in Open, version %d', async (version) => {
    await forEachId(async (id) => {
      const isHere = id < (NEXT_IDS[version] ?? 0x100);
      const cell = isHere ? TABLE.cell('server', 'Open', id) : TABLE.otherCell('server', 'Open');
      const settings = { ...CLASSICAL, versions: { min: 1, max: version } };
      const peer = await SessionPeer.open(evil(id, { settings }));
      if (!isCode(cell)) peer.stopListening();
      expect([id, await outcome(peer, id, cell)]).toEqual([id, cell.first]);
      if (isCode(cell)) expect([id, peer.told]).toEqual([id, cell.first]);
    });
    await isWell();
  });

  it('D6: in Open, behind a Ping in one record: as always', async () => {
    await forEachId(async (id) => {
      const cell = TABLE.cell('server', 'Open', id);
      const peer = await SessionPeer.open(evil(id));
      if (!isCode(cell)) peer.stopListening();
      expect([id, await outcome(peer, id, cell, 0x09)]).toEqual([id, cell.first]);
      if (isCode(cell)) expect([id, peer.told]).toEqual([id, cell.first]);
    });
    await isWell();
  });

  it('D6: in Open, while it drains: as always', async () => {
    const peers = new Map<number, SessionPeer>();
    await forEachId(async (id) => {
      const peer = (await SessionPeer.open(evil(id))).stopListening();
      // An event that it never acks keeps the server from closing this connection.
      peer.forge((writer) => encodeSubscribe(writer, 9, 'held', null, 1, 0, null, 0, new Uint8Array(0)));
      peers.set(id, peer);
    });
    await eventually('queues', () => server.library.delivery.store.figures().queues >= IDS.length);
    await server.library.publish('topic:held', 'x');
    await eventually('deliveries', () => server.library.counters().events.delivered === IDS.length);
    const drained = server.library.drain({ workMs: 20_000 });
    await forEachId(async (id) => {
      const cell = TABLE.cell('server', 'Open', id);
      expect([id, await outcome(peers.get(id)!, id, cell)]).toEqual([id, cell.first]);
    });
    await drained;
  });

  it.each([
    ['in a record of its own', undefined],
    ['behind a Ping in one record', 0x09],
    ['in the record that begins it', 0x07],
  ])('D6: in the middle of a key update, of which no record of the new epoch comes, %s', async (_where, lead) => {
    await forEachId(async (id) => {
      const cell = TABLE.cell('server', 'Open, key update', id);
      const peer = (await SessionPeer.open(evil(id))).stopListening();
      if (lead !== 0x07) peer.forge((writer) => writer.bytes(samplePacket(0x07, 'server')));
      expect([id, await outcome(peer, id, cell, lead)]).toEqual([id, cell.first]);
    });
    await isWell();
  });

  it.each([
    ['in a record of its own', undefined],
    ['behind a Ping in one record', 0x09],
  ])('D6: in AwaitClose, %s: nothing but the end is waited for', async (_where, lead) => {
    await forEachId(async (id) => {
      const cell = TABLE.cell('server', 'AwaitClose', id);
      const peer = (await SessionPeer.open(evil(id))).stopListening();
      server.library.disconnect({ agentId: `evil-${id}` });
      await once(peer.socket, 'data');
      expect([id, await outcome(peer, id, cell, lead)]).toEqual([id, cell.first]);
    });
    await isWell();
  });
});
