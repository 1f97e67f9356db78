/** Packets about events between two sessions: what arrives, what is refused, and peers without events. */
import { describe, expect, it } from '@jest/globals';
import {
  EVENT_BODY_BYTES_MAX,
  encodeEvent,
  encodeEventAck,
  encodePublish,
  encodeSkipped,
  encodeSubscribe,
  type Event,
  type Publish,
} from '../../src/packets/index.ts';
import { VERSION_RANGE } from '../../src/wire/index.ts';
import type { SessionPair } from '../../src/testing/index.ts';
import {
  REQUEST,
  SIDES,
  bytesOfText,
  endOf,
  forge,
  nativePair,
  openPair,
  otherSide,
  sealRaw,
  type Side,
} from './peers.ts';

const EMPTY = new Uint8Array(0);
const LINEAGE = new Uint8Array(16).fill(7);
const OLD = { versions: { min: 1, max: 1 } };

/** Packets that a side has received, in order. */
const received = (pair: SessionPair, side: Side): unknown[] => pair.seen(side, 'delivery').map(({ packet }) => packet);

/** Each of what an agent may send, once. */
function sendAllOfAgent({ agent }: SessionPair): void {
  agent.subscribe(1, 'fleet.>', 'workers', 256, 30_000, LINEAGE, 41, Uint8Array.of(5));
  agent.ackEvent(1, 42, 1);
  agent.nackEvent(1, 43, 2, 1_500, 'no space');
  agent.eventProgress(1, 44, 1);
  agent.unsubscribe(1, true);
  agent.openProducer(9, 'AAAAAAAAAAAAAAAA');
  agent.publish(9, 17, 16, 'topic:fleet.eu', null, bytesOfText('23.5'), 'text/plain', 60_000, 5, true);
  agent.watchPresence('agent-2', true);
}

/** Each of what a server may send, once. */
function sendAllOfServer({ server }: SessionPair): void {
  server.sendSubscribed(1, LINEAGE, 40, 45, 4, 256, 30_000, 0);
  server.sendEvent(1, 42, 2, 'id-1', 1_790_000_000_000, 'agent:a', 'fleet.eu', bytesOfText('23.5'), 'text/plain');
  server.sendSkipped(1, 43, 44, 1);
  server.sendUnsubscribed(1, 0x16, 7);
  server.sendProducerOpened(9, 16, 0, 0);
  server.sendReceipt(9, 17, 3, 1_000, 1, 0, 0);
  server.sendPresence('agent-2', false, 1_790_000_000_000, 0);
}

describe('Packets about events', () => {
  it('A8: everything that an agent sends arrives, in order, with all its fields', () => {
    const pair = openPair();
    sendAllOfAgent(pair);
    pair.run();
    expect(received(pair, 'server')).toEqual([
      {
        id: 0x30,
        subscription: 1,
        topic: 'fleet.>',
        group: 'workers',
        windowEvents: 256,
        ackWaitMs: 30_000,
        lineage: LINEAGE,
        cursor: 41,
        doneBitmap: Uint8Array.of(5),
      },
      { id: 0x35, subscription: 1, sequence: 42, attempt: 1 },
      { id: 0x36, subscription: 1, sequence: 43, attempt: 2, delayMs: 1_500, reason: 'no space' },
      { id: 0x37, subscription: 1, sequence: 44, attempt: 1 },
      { id: 0x32, subscription: 1, forget: true },
      { id: 0x39, producer: 9, producerId: 'AAAAAAAAAAAAAAAA' },
      {
        id: 0x3b,
        producer: 9,
        number: 17,
        settledNumber: 16,
        to: 'topic:fleet.eu',
        eventId: null,
        body: bytesOfText('23.5'),
        contentType: 'text/plain',
        ttlMs: 60_000,
        delayMs: 5,
        relaxed: true,
      },
      { id: 0x3d, agentId: 'agent-2', watch: true },
    ]);
    expect(received(pair, 'agent')).toEqual([]);
  });

  it('A8: everything that a server sends arrives, in order, with all its fields', () => {
    const pair = openPair();
    sendAllOfServer(pair);
    pair.run();
    expect(received(pair, 'agent')).toEqual([
      {
        id: 0x31,
        subscription: 1,
        lineage: LINEAGE,
        cursor: 40,
        nextSequence: 45,
        waiting: 4,
        windowEvents: 256,
        ackWaitMs: 30_000,
        durability: 0,
      },
      {
        id: 0x34,
        subscription: 1,
        sequence: 42,
        attempt: 2,
        eventId: 'id-1',
        publishedAt: 1_790_000_000_000,
        from: 'agent:a',
        topic: 'fleet.eu',
        body: bytesOfText('23.5'),
        contentType: 'text/plain',
      },
      { id: 0x38, subscription: 1, from: 43, to: 44, reason: 1 },
      { id: 0x33, subscription: 1, code: 0x16, retryAfterMs: 7 },
      { id: 0x3a, producer: 9, number: 16, code: 0, retryAfterMs: 0 },
      { id: 0x3c, producer: 9, number: 17, count: 3, sequence: 1_000, durability: 1, code: 0, retryAfterMs: 0 },
      { id: 0x3e, agentId: 'agent-2', online: false, lastSeenAt: 1_790_000_000_000, code: 0 },
    ]);
    expect(received(pair, 'server')).toEqual([]);
  });

  it('bodies stay what they are, whatever comes after them', () => {
    const pair = openPair();
    const size = EVENT_BODY_BYTES_MAX;
    for (let number = 1; number <= 20; number++) {
      const body = new Uint8Array(size).fill(number);
      pair.agent.publish(1, number, 0, 'topic:a', null, body, null, 0, 0, false);
      pair.server.sendEvent(1, number, 1, `id-${number}`, 0, 'server', null, body, null);
      body.fill(0xff);
    }
    pair.run();
    for (const side of SIDES) {
      const bodies = received(pair, side).map((packet) => (packet as Event | Publish).body);
      expect(bodies.map((body) => [body.length, body[0], body[size - 1]])).toEqual(
        Array.from({ length: 20 }, (_, index) => [size, index + 1, index + 1]),
      );
    }
  });

  it('small ones share records: 2,000 publishes and as many acks travel in a few', () => {
    const pair = openPair();
    for (let number = 1; number <= 2_000; number++) {
      pair.agent.publish(1, number, 0, 'topic:a', null, EMPTY, null, 0, 0, false);
      pair.agent.ackEvent(1, number, 1);
    }
    pair.run();
    expect(received(pair, 'server')).toHaveLength(4_000);
    expect(pair.wire.length).toBeLessThan(10);
  });

  it.each<[string, (pair: SessionPair) => void]>([
    [
      'a body over its limit',
      ({ agent }) =>
        agent.publish(1, 1, 0, 'topic:a', null, new Uint8Array(EVENT_BODY_BYTES_MAX + 1), null, 0, 0, false),
    ],
    [
      'an address over its limit',
      ({ agent }) => agent.publish(1, 1, 0, 'a'.repeat(263), null, EMPTY, null, 0, 0, false),
    ],
    ['number 0', ({ agent }) => agent.publish(1, 0, 0, 'topic:a', null, EMPTY, null, 0, 0, false)],
    ['handle 0', ({ agent }) => agent.subscribe(0, null, null, 1, 0, null, 0, EMPTY)],
    ['a window of 0', ({ agent }) => agent.subscribe(1, null, null, 0, 0, null, 0, EMPTY)],
    ['a window of 4,097', ({ agent }) => agent.subscribe(1, null, null, 4_097, 0, null, 0, EMPTY)],
    ['a bitmap over its limit', ({ agent }) => agent.subscribe(1, null, null, 1, 0, null, 0, new Uint8Array(513))],
    ['a lineage of 15 bytes', ({ agent }) => agent.subscribe(1, null, null, 1, 0, new Uint8Array(15), 0, EMPTY)],
    ['a sequence that is no integer', ({ agent }) => agent.ackEvent(1, 1.5, 1)],
    ['a reason over its limit', ({ agent }) => agent.nackEvent(1, 1, 1, 0, 'a'.repeat(257))],
    ['attempt 0', ({ server }) => server.sendEvent(1, 1, 0, 'id', 0, 'server', null, EMPTY, null)],
    ['an empty id', ({ server }) => server.sendEvent(1, 1, 1, '', 0, 'server', null, EMPTY, null)],
    ['a local error number', ({ server }) => server.sendUnsubscribed(1, 0x1000, 0)],
    ['a receipt for no event', ({ server }) => server.sendReceipt(1, 1, 0, 0, 0, 0, 0)],
  ])('refuses to send %s, and nothing of it travels', (_, send) => {
    const pair = openPair();
    expect(() => send(pair)).toThrow(RangeError);
    pair.agent.ackEvent(1, 7, 1);
    pair.server.sendSkipped(1, 1, 1, 5);
    pair.run();
    expect(received(pair, 'server')).toEqual([{ id: 0x35, subscription: 1, sequence: 7, attempt: 1 }]);
    expect(received(pair, 'agent')).toEqual([{ id: 0x38, subscription: 1, from: 1, to: 1, reason: 5 }]);
  });

  it('A17: nothing is sent before the session is open, while it closes, or after', () => {
    const refused = expect.objectContaining({ code: 'E_CLOSED' }) as unknown;
    const expectRefused = (pair: SessionPair): void => {
      expect(() => pair.agent.publish(1, 1, 0, 'topic:a', null, EMPTY, null, 0, 0, false)).toThrow(refused);
      expect(() => pair.server.sendReceipt(1, 1, 1, 1, 0, 0, 0)).toThrow(refused);
    };
    expectRefused(nativePair());
    expectRefused(nativePair({ holds: 'decision' }).run());
    const closing = openPair();
    closing.agent.close(closing.now);
    closing.server.close(closing.now);
    expectRefused(closing);
    expectRefused(closing.run());
  });

  it('D7: a Skipped that ends before it begins is malformed', () => {
    const pair = openPair();
    forge(pair, 'server', (writer) => encodeSkipped(writer, 1, 5, 4, 1));
    pair.run();
    expect(endOf(pair.agentEvents)).toMatchObject({ reason: 'failed', code: 'E_MALFORMED' });
    expect(received(pair, 'agent')).toEqual([]);
  });

  it.each(SIDES)('D6: what only the other side may send ends a session of the %s', (side) => {
    const pair = openPair();
    forge(pair, otherSide(side), (writer) => {
      if (side === 'agent') encodePublish(writer, 1, 1, 0, 'topic:a', null, EMPTY, null, 0, 0, false);
      else encodeEvent(writer, 1, 1, 1, 'id', 0, 'server', null, EMPTY, null);
    });
    pair.run();
    expect(endOf(side === 'agent' ? pair.agentEvents : pair.serverEvents)).toMatchObject({ code: 'E_STATE' });
  });
});

describe('O6: a peer of wire version 1', () => {
  const pairWithOld = (old: Side): SessionPair => openPair({ [old]: OLD });

  it('two sides of this build speak the newest version, and events with it', () => {
    const { agent, server } = openPair();
    expect([agent.version, server.version]).toEqual([VERSION_RANGE.max, VERSION_RANGE.max]);
    expect([agent.hasEvents, server.hasEvents]).toEqual([true, true]);
  });

  it.each(SIDES)('%s of version 1: both sides know it, and neither sends a packet about events', (old) => {
    const pair = pairWithOld(old);
    expect([pair.agent.version, pair.server.version]).toEqual([1, 1]);
    expect([pair.agent.hasEvents, pair.server.hasEvents]).toEqual([false, false]);
    const refused = expect.objectContaining({ code: 'E_NO_EVENTS' }) as unknown;
    expect(() => sendAllOfAgent(pair)).toThrow(refused);
    expect(() => sendAllOfServer(pair)).toThrow(refused);
    expect(pair.run().wire).toEqual([]);
  });

  it.each(SIDES)('%s of version 1: requests, answers and key updates work as ever', (old) => {
    const pair = pairWithOld(old);
    for (let round = 1; round <= 3; round++) {
      const requestId = pair.agent.request({ ...REQUEST, body: bytesOfText('hello') }, pair.now)!;
      pair.run();
      pair.server.respond({ requestId, status: 0, last: true, body: EMPTY, contentType: null, code: undefined });
      pair.run().pass(3_600_001);
      expect(pair.seen('agent', 'response')).toHaveLength(round);
      expect([pair.agent.epoch, pair.server.epoch]).toEqual([round, round]);
    }
    expect([endOf(pair.agentEvents), endOf(pair.serverEvents)]).toEqual([undefined, undefined]);
  });

  it.each(SIDES.flatMap((receiver) => SIDES.map((old) => ({ receiver, old }))))(
    'D6: $receiver takes no packet about events where the $old is of version 1, whatever is in it',
    ({ receiver, old }) => {
      const packets: ((pair: SessionPair) => void)[] = [
        (pair) => forge(pair, otherSide(receiver), (writer) => encodeEventAck(writer, 1, 1, 1)),
        (pair) =>
          forge(pair, otherSide(receiver), (writer) => encodeSubscribe(writer, 1, null, null, 1, 0, null, 0, EMPTY)),
        (pair) => forge(pair, otherSide(receiver), (writer) => encodeSkipped(writer, 1, 2, 1, 1)),
        (pair) =>
          pair[receiver].receive(sealRaw(pair[otherSide(receiver)], Uint8Array.of(0x34, 0, 0, 1, 0xc1)), pair.now),
      ];
      for (const send of packets) {
        const pair = pairWithOld(old);
        send(pair);
        pair.run();
        const events = receiver === 'agent' ? pair.agentEvents : pair.serverEvents;
        expect(endOf(events)).toMatchObject({ reason: 'failed', code: 'E_UNKNOWN_PACKET', byPeer: false });
      }
    },
  );

  it('one reader for sessions of both versions keeps them apart', () => {
    const { environment } = (pairWithOld('agent').server as unknown as { settings: { environment: object } }).settings;
    const shared = { environment } as object;
    const old = openPair({ agent: { ...OLD, ...shared }, server: shared });
    const present = openPair({ agent: shared, server: shared });
    sendAllOfAgent(present);
    present.run();
    forge(old, 'agent', (writer) => encodeEventAck(writer, 1, 1, 1));
    sendAllOfServer(present);
    present.run();
    expect([received(present, 'server').length, received(present, 'agent').length]).toEqual([8, 7]);
    old.run();
    expect(endOf(old.serverEvents)).toMatchObject({ code: 'E_UNKNOWN_PACKET' });
  });

  it('2.1.22: without a common version both sides say so by name', () => {
    const pair = nativePair({ agent: { versions: { min: 2, max: 2 } }, server: OLD }).run();
    expect(endOf(pair.serverEvents)).toMatchObject({ code: 'E_UNSUPPORTED_VERSION' });
    expect(endOf(pair.agentEvents)).toMatchObject({ reason: 'rejected', code: 'E_UNSUPPORTED_VERSION' });
  });
});
