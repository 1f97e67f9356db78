/**
 * D6: every packet in every state of either role, sealed with valid keys: what docs/protocols/states.md says becomes of it,
 * cell by cell. The same page holds a server over TCP (packages/server/test/evil) and an agent (packages/agent/test/evil).
 */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../src/bytes/index.ts';
import { encodeFrame } from '../../src/frames/index.ts';
import { MESSAGING_CALLS } from '../../src/items/index.ts';
import type { SessionEvent } from '../../src/session/index.ts';
import { StateTable, type StateCell, type TableState } from '../../src/testing/index.ts';
import { WIRE_VERSIONS } from '../../src/wire/index.ts';
import { SIDES, endOf, eventsOf, inside, sealRaw, type Side } from '../session/peers.ts';
import { CLEAR_STATES, STATES, packetWithId, pairIn, pairInTableState, peerOf } from './states.ts';

/** The text of a file in `docs`. */
const page = (name: string): string => readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8');

const TABLE = StateTable.parse(page('protocols/states.md'));
const REGISTRY = JSON.parse(page('registry.json')) as Record<'packets' | 'clearPackets', readonly RegistryRow[]>;

/** What the registry says of a packet. */
interface RegistryRow {
  readonly id: number;
  readonly name: string;
  readonly sender: string;
  readonly since: number;
}

const IDS = Array.from({ length: 256 }, (_, id) => id);
const CASES = SIDES.flatMap((side) => TABLE.states(side).map((state) => ({ side, state })));
const isClear = ({ state }: (typeof CASES)[number]): boolean => (CLEAR_STATES as readonly string[]).includes(state);

/** What they are about is the business of whoever owns the session, which judges them where nothing is there. */
const JUDGED_ABOVE: readonly number[] = [0x3b, ...Object.values(MESSAGING_CALLS), 0x5c];

/** A packet that comes first in a record, and in which state the one behind it meets its receiver. */
interface Lead {
  readonly lead: number;
  readonly becomes: TableState;
}

/** Packets that leave a session of this side and state able to read another one, or that are all it takes. */
const LEADS: Readonly<Record<Side, Partial<Record<TableState, readonly Lead[]>>>> = {
  server: {
    AwaitDecision: [{ lead: 0x09, becomes: 'AwaitDecision' }],
    Open: [
      { lead: 0x09, becomes: 'Open' },
      { lead: 0x07, becomes: 'Open, key update' },
    ],
    'Open, key update': [{ lead: 0x09, becomes: 'Open, key update' }],
    AwaitClose: [{ lead: 0x09, becomes: 'AwaitClose' }],
  },
  agent: {
    AwaitAccepted: [{ lead: 0x05, becomes: 'Open' }],
    Open: [
      { lead: 0x09, becomes: 'Open' },
      { lead: 0x06, becomes: 'Open, key update' },
    ],
    'Open, key update': [{ lead: 0x09, becomes: 'Open, key update' }],
    AwaitClose: [{ lead: 0x09, becomes: 'AwaitClose' }],
  },
};

/** What came of a packet, in the words of a cell, where `ledTo` events are of what came before it. */
function outcome(events: readonly SessionEvent[], ledTo = 0): StateCell['first'] {
  const end = endOf(events);
  if (end === undefined) return 'goes on';
  if (events.length !== 1 + ledTo) throw new Error(`${events.length} events with the end`);
  return end.byPeer || end.reason !== 'failed' ? 'ended' : (end.code as `E_${string}`);
}

describe('D6: the page', () => {
  it.each(SIDES)('D6: has a row for every packet, under its name, and the states of a %s', (side) => {
    const registered = [...REGISTRY.clearPackets, ...REGISTRY.packets].map(({ id, name }) => [id, name]);
    expect([...TABLE.names(side)]).toEqual(registered);
    const states = STATES[side].filter((state) => state !== 'Closed');
    expect(TABLE.states(side).filter((state) => state !== 'Open, key update')).toEqual(states);
  });

  it('D6: what a side sends it does not take, in no state', () => {
    for (const side of SIDES) {
      for (const { id, sender } of REGISTRY.packets) {
        if (sender !== side) continue;
        for (const state of ['Open', 'Open, key update'] as const)
          expect([id, TABLE.cell(side, state, id).first]).toEqual([id, 'E_STATE']);
      }
    }
  });
});

describe('D6: state and packet', () => {
  const sealed = CASES.filter((each) => !isClear(each));
  const inVersions = sealed.flatMap((each) => WIRE_VERSIONS.map(({ version }) => ({ ...each, version })));
  it.each(inVersions)(
    'D6 2.0.15: $side in $state, version $version: each id in a valid record',
    ({ side, state, version }) => {
      const mistaken: object[] = [];
      for (const id of IDS) {
        const pair = pairInTableState(side, state, version);
        const session = pair[side];
        const peer = pair[peerOf(side)];
        if (session.version !== version) throw new Error(`version ${session.version}`);
        const [record, later] = [id, 0x09].map((each) => sealRaw(peer, packetWithId(each, side)));
        const before = session.state;
        session.receive(record!, pair.now);
        const events = eventsOf(session);
        const isHere = REGISTRY.packets.some((packet) => packet.id === id && packet.since <= version);
        const cell = isHere ? TABLE.cell(side, state, id) : TABLE.otherCell(side, state);
        const isJudgedAbove = JUDGED_ABOVE.includes(id) && cell.ifThere === 'taken';
        const end = endOf(events);
        const found = { id, outcome: outcome(events), isClosed: session.state === 'Closed' };
        const expected = { id, outcome: isJudgedAbove ? 'goes on' : cell.first, isClosed: end !== undefined };
        if (!isDeepStrictEqual(found, expected)) mistaken.push({ found, expected });
        session.flush(pair.now);
        const sent = session.takeOutput();
        if (end?.reason === 'failed' && !end.byPeer && before === 'Open' && state === 'Open') {
          for (const piece of sent) peer.receive(piece, pair.now);
          const told = endOf(eventsOf(peer));
          if (told?.code !== end.code || told?.byPeer !== true) mistaken.push({ id, told });
        }
        session.receive(later!, pair.now);
        const after = end === undefined ? [] : eventsOf(session);
        if (after.length > 0) mistaken.push({ id, after });
      }
      expect(mistaken).toEqual([]);
    },
  );

  const led = inVersions.flatMap((each) => (LEADS[each.side][each.state] ?? []).map((lead) => ({ ...each, ...lead })));
  it('D6: each state that reads records has a record of two packets', () => {
    expect(new Set(led.map(({ side, state }) => `${side}, ${state}`)).size).toBe(sealed.length);
  });

  it.each(led)(
    'D6: $side in $state, version $version: each id behind 0x0$lead in one record, as in $becomes',
    ({ side, state, version, lead, becomes }) => {
      const mistaken: object[] = [];
      for (const id of IDS) {
        const pair = pairInTableState(side, state, version);
        const session = pair[side];
        const peer = pair[peerOf(side)];
        const [first, second] = [lead, id].map((each) => packetWithId(each, side));
        session.receive(sealRaw(peer, concat(first!, second!)), pair.now);
        const events = eventsOf(session);
        const isHere = REGISTRY.packets.some((packet) => packet.id === id && packet.since <= version);
        const cell = isHere ? TABLE.cell(side, becomes, id) : TABLE.otherCell(side, becomes);
        const isJudgedAbove = JUDGED_ABOVE.includes(id) && cell.ifThere === 'taken';
        const found = { id, outcome: outcome(events, lead === 0x05 ? 1 : 0), isClosed: session.state === 'Closed' };
        const expected = isJudgedAbove ? 'goes on' : cell.first;
        if (!isDeepStrictEqual(found, { id, outcome: expected, isClosed: expected !== 'goes on' }))
          mistaken.push({ found, expected });
      }
      expect(mistaken).toEqual([]);
    },
  );

  it.each(SIDES)('D6: %s in Open: nothing comes of what stands behind an end in one record', (side) => {
    for (const last of [0x0b, 0x0d]) {
      const closed = (...behind: Uint8Array[]): readonly unknown[] => {
        const pair = pairIn(side, 'Open');
        const record = concat(packetWithId(last, side), ...behind);
        pair[side].receive(sealRaw(pair[peerOf(side)], record), pair.now);
        pair[side].flush(pair.now);
        return [eventsOf(pair[side]), pair[side].takeOutput().length, pair[side].state];
      };
      const alone = closed();
      for (const id of IDS) expect([id, closed(packetWithId(id, side))]).toEqual([id, alone]);
    }
  });

  it.each(CASES.filter(isClear))('D6: $side in $state: each id in a clear frame, none of them valid', (each) => {
    const { side, state } = each;
    for (const id of IDS) {
      const pair = pairInTableState(side, state);
      const session = pair[side];
      const body = new Uint8Array(id === 0x04 ? 7 : 100);
      body[0] = id;
      if (id === 0x04) body.set([0, 0x22, 0, 0, 0, 9], 1);
      session.receive(encodeFrame(body), pair.now);
      const events = eventsOf(session);
      const { first } = TABLE.cell(side, state, id);
      // The one that is waited for is taken, and found to be empty.
      if (first === 'goes on') expect(endOf(events)).toMatchObject({ reason: 'failed', byPeer: false });
      else expect([id, outcome(events)]).toEqual([id, first]);
      expect(session.takeOutput()).toEqual([]);
      expect(inside(session).sealer).toBeUndefined();
    }
  });

  it.each(SIDES)('D6: %s, closed: takes nothing, says nothing, throws nothing', (side) => {
    const pair = pairIn(side, 'Closed');
    for (const id of IDS) pair[side].receive(encodeFrame(Uint8Array.of(id, 1, 2, 3)), pair.now);
    pair[side].timeout(pair.now + 1e9);
    pair[side].flush(pair.now);
    expect(pair[side].wantsTimeoutAt).toBe(Number.POSITIVE_INFINITY);
    expect([...eventsOf(pair[side]), ...pair[side].takeOutput()]).toEqual([]);
  });

  it('T13: the handshake packets of a side, reflected, end it with E_STATE', () => {
    for (const side of SIDES) {
      const pair = pairIn(side, side === 'agent' ? 'AwaitEncryptionResponse' : 'AwaitEncryptionFinish');
      const own = encodeFrame(Uint8Array.of(side === 'agent' ? 0x01 : 0x02, ...new Uint8Array(200)));
      pair[side].receive(own, pair.now);
      expect(endOf(eventsOf(pair[side]))).toMatchObject({ reason: 'failed', code: 'E_STATE' });
    }
  });
});
