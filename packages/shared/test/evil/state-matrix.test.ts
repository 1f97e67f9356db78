/** D6: every packet in every state of either role, sealed with valid keys: accepted, or exactly one code. */
import { describe, expect, it } from '@jest/globals';
import { encodeFrame } from '../../src/frames/index.ts';
import { PACKET_INFO } from '../../src/packets/index.ts';
import type { SessionEvent, SessionState } from '../../src/session/index.ts';
import { VERSION_RANGE, WIRE_VERSIONS } from '../../src/wire/index.ts';
import { SIDES, endOf, eventsOf, inside, sealRaw, type Side } from '../session/peers.ts';
import { CLEAR_STATES, STATES, isPacketId, packetWithId, pairIn, peerOf } from './states.ts';

const IDS = Array.from({ length: 256 }, (_, id) => id);

/** Packets that an open session takes from a peer that sends them first, with the event that follows. */
const ACCEPTED_WHEN_OPEN: Readonly<Record<number, SessionEvent['type'] | 'nothing'>> = {
  0x09: 'nothing',
  0x0a: 'nothing',
  0x10: 'stream-opened',
  0x12: 'stream-credit',
  0x20: 'request',
  0x23: 'notification',
};

/** Packets about events that each role takes in an open session of a version that has them. */
const DELIVERY: Readonly<Record<Side, readonly number[]>> = {
  agent: [0x31, 0x33, 0x34, 0x38, 0x3a, 0x3c, 0x3e],
  server: [0x30, 0x32, 0x35, 0x36, 0x37, 0x39, 0x3b, 0x3d],
};

/** Those that only one role takes. */
const ACCEPTED_BY: Readonly<Record<Side, typeof ACCEPTED_WHEN_OPEN>> = {
  agent: { 0x06: 'nothing', 0x0c: 'go-away' },
  server: { 0x07: 'nothing' },
};

/** Expected outcome, in the words of `outcome`. */
function expectedOutcome(side: Side, state: SessionState, id: number, version = VERSION_RANGE.max): string {
  if (state === 'Closed') return 'nothing';
  if (state === 'AwaitDecision') return 'failed E_STATE';
  if (!isPacketId(id) || PACKET_INFO[id].since > version) return 'failed E_UNKNOWN_PACKET';
  if (id === 0x0b) return 'failed by peer E_DRAINING';
  if (state === 'AwaitAccepted') return id === 0x05 ? 'opened' : 'failed E_STATE';
  if (state === 'AwaitClose') {
    if (id === 0x0d) return 'closed';
    return id === 0x08 ? 'failed E_STATE' : 'nothing';
  }
  if (id === 0x0d) return 'closed by peer';
  if (DELIVERY[side].includes(id)) return 'delivery';
  return ACCEPTED_BY[side][id] ?? ACCEPTED_WHEN_OPEN[id] ?? 'failed E_STATE';
}

/** What came of it, in words. */
function outcome(events: readonly SessionEvent[]): string {
  const end = endOf(events);
  if (end === undefined) return events.map((event) => event.type).join(' ') || 'nothing';
  if (events.length !== 1) return `${events.length} events`;
  return [end.reason, end.byPeer ? 'by peer' : '', end.code ?? ''].filter(Boolean).join(' ');
}

const CASES = SIDES.flatMap((side) => STATES[side].map((state) => ({ side, state })));

describe('D6: state and packet', () => {
  it('D6: the table of senders agrees with what each role takes', () => {
    for (const [id, { sender }] of Object.entries(PACKET_INFO)) {
      for (const side of SIDES) {
        if (sender !== side) continue;
        expect([id, expectedOutcome(side, 'Open', Number(id))]).toEqual([id, 'failed E_STATE']);
      }
    }
  });

  const sealed = CASES.filter(({ state }) => !CLEAR_STATES.includes(state) && state !== 'Closed');
  const inVersions = sealed.flatMap((each) => WIRE_VERSIONS.map(({ version }) => ({ ...each, version })));
  it.each(inVersions)(
    'D6: $side in $state, version $version: each id in a valid record',
    ({ side, state, version }) => {
      for (const id of IDS) {
        const pair = pairIn(side, state, version);
        expect(pair[side].version).toBe(version);
        const session = pair[side];
        const peer = pair[peerOf(side)];
        const [record, later] = [packetWithId(id, side), packetWithId(0x09, side)].map((packet) =>
          sealRaw(peer, packet),
        );
        session.receive(record!, pair.now);
        const events = eventsOf(session);
        expect([id, outcome(events)]).toEqual([id, expectedOutcome(side, state, id, version)]);
        const end = endOf(events);
        expect([id, session.state === 'Closed']).toEqual([id, end !== undefined]);
        session.flush(pair.now);
        const sent = session.takeOutput();
        if (end?.reason === 'failed' && !end.byPeer && state !== 'AwaitClose' && state !== 'AwaitAccepted') {
          for (const piece of sent) peer.receive(piece, pair.now);
          expect(endOf(eventsOf(peer))).toMatchObject({ code: end.code, byPeer: true });
        }
        session.receive(later!, pair.now);
        if (end !== undefined) expect(eventsOf(session)).toEqual([]);
      }
    },
  );

  const clear = CASES.filter(({ state }) => CLEAR_STATES.includes(state));
  it.each(clear)('D6: $side in $state: each id 0x00 to 0xFF in a clear frame', ({ side, state }) => {
    for (const id of IDS) {
      const pair = pairIn(side, state);
      const session = pair[side];
      const body = new Uint8Array(id === 0x04 ? 7 : 100);
      body[0] = id;
      if (id === 0x04) body.set([0, 0x22, 0, 0, 0, 9], 1);
      session.receive(encodeFrame(body), pair.now);
      const end = endOf(eventsOf(session));
      expect([id, end && `${end.reason} ${end.code!}`]).toEqual([id, expectedClearEnd(state, id)]);
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

/** How a session ends that gets a clear frame whose content is zeros. */
function expectedClearEnd(state: SessionState, id: number): string {
  if (state === 'AwaitTrust') return 'failed E_STATE';
  const isAwaited =
    (state === 'AwaitEncryptionRequest' && id === 0x01) ||
    (state === 'AwaitEncryptionResponse' && id === 0x02) ||
    (state === 'AwaitEncryptionFinish' && id === 0x03);
  if (state === 'AwaitEncryptionResponse' && id === 0x04) return 'rejected E_DRAINING';
  if (!isAwaited) return id >= 0x01 && id <= 0x04 ? 'failed E_STATE' : 'failed E_MALFORMED';
  if (state === 'AwaitEncryptionResponse') return 'failed E_UNSUPPORTED_VERSION';
  return state === 'AwaitEncryptionFinish' ? 'failed E_HANDSHAKE' : 'failed E_MALFORMED';
}
