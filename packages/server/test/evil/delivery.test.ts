/** Agents with valid keys that lie about events, to a server over TCP (R4, R11, D9, D10, 2.0.5). */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { IdentityKeys } from '@sealane/shared/crypto';
import { errorByNumber } from '@sealane/shared/errors';
import {
  encodeEventAck,
  encodeEventNack,
  encodeEventProgress,
  encodeProducerOpen,
  encodePublish,
  encodeSubscribe,
  encodeUnsubscribe,
} from '@sealane/shared/packets';
import type { ServerDeliveryPacket } from '@sealane/shared/session';
import { SUITE } from '@sealane/shared/wire';
import { SessionPeer } from '../reliability/session-peer.ts';
import { newIdentity } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';
import { Verbatim, rawPacket, type RawValue } from './raw-packet.ts';

const EMPTY = new Uint8Array(0);
const UINT_MAX = Number.MAX_SAFE_INTEGER;

let server: TestServer;
const peers: SessionPeer[] = [];
/** An agent that comes again is the same. */
const identities = new Map<string, IdentityKeys>();

/** Each test of a block gets a server; with `beforeAll` and `afterAll`, the block one, where nothing is left behind at it. */
function useServer(before: typeof beforeEach = beforeEach, after: typeof afterEach = afterEach): void {
  before(async () => {
    server = await TestServer.start({ suites: 'any' });
  });
  afterEach(() => {
    for (const { socket } of peers.splice(0)) socket.destroy();
  });
  after(() => server.stop());
}

async function evil(agentId: string): Promise<SessionPeer> {
  const identity = identities.get(agentId) ?? newIdentity();
  identities.set(agentId, identity);
  const settings = { suites: [SUITE.classical] };
  const peer = await SessionPeer.open({ port: server.port, agentId, identity, settings });
  peers.push(peer);
  return peer;
}

/** Packets about events that a peer got, of one id. */
function got<Id extends ServerDeliveryPacket['id']>(
  peer: SessionPeer,
  id: Id,
): Extract<ServerDeliveryPacket, { id: Id }>[] {
  const packets = peer.events.flatMap((event) => (event.type === 'delivery' ? [event.packet] : []));
  return packets.filter((packet): packet is Extract<ServerDeliveryPacket, { id: Id }> => packet.id === id);
}

async function subscribe(
  peer: SessionPeer,
  topic: string | null,
  group: string | null = null,
  handle = 1,
): Promise<void> {
  const { length } = got(peer, 0x31);
  peer.forge((writer) => encodeSubscribe(writer, handle, topic, group, 256, 0, null, 0, EMPTY));
  await eventually('Subscribed', () => got(peer, 0x31).length > length);
}

const acksRefused = (): unknown => server.library.counters().events.acksRefused;

/** What a peer is told when it sends these packets: the code of the end, or the codes of the answers. */
async function told(peer: SessionPeer, ...packets: readonly Uint8Array[]): Promise<unknown> {
  const answers = (): unknown[] => [
    ...got(peer, 0x33).map(({ code }) => errorByNumber(code) ?? code),
    ...got(peer, 0x3a).map(({ code }) => errorByNumber(code) ?? code),
    ...got(peer, 0x3c).map(({ code }) => errorByNumber(code) ?? code),
    ...got(peer, 0x3e).map(({ code }) => errorByNumber(code) ?? code),
  ];
  const { length } = answers();
  for (const packet of packets) peer.forge((writer) => writer.bytes(packet));
  await eventually('an answer', () => peer.socket.destroyed || answers().length > length);
  return peer.told ?? answers().at(-1);
}

describe('answers to what was not asked', () => {
  useServer();

  it('R4, 2.0.5: acks, nacks and progress that are unknown, stale or foreign are counted and change nothing', async () => {
    const taker = await evil('taker');
    const thief = await evil('thief');
    await subscribe(taker, null);
    await subscribe(thief, null);
    await server.library.publish('agent:taker', 'precious');
    await eventually('the event', () => got(taker, 0x34).length === 1);
    const answers = [encodeEventAck, encodeEventProgress] as const;
    for (const peer of [taker, thief]) {
      peer.forge((writer) => {
        for (const encode of answers) {
          // No subscription, no such sequence, another attempt: of nobody, of the other, of itself.
          for (const handle of [2, 0xffff_ffff]) encode(writer, handle, 1, 1);
          for (const sequence of [2, UINT_MAX]) encode(writer, 1, sequence, 1);
          for (const attempt of [2, 3, 0xffff_ffff]) encode(writer, 1, 1, attempt);
        }
        encodeEventNack(writer, 2, 1, 1, 1, 'x');
        encodeEventNack(writer, 1, 1, 7, 1, 'x');
      });
    }
    const total = 2 * (2 * 7 + 2);
    const sum = (): number =>
      Object.values(acksRefused() as Record<string, number>).reduce((count, each) => count + each, 0);
    await eventually('all counted', () => sum() === total);
    // Of its own delivery the taker named another attempt seven times; to the thief there is no such delivery.
    expect(acksRefused()).toEqual({ stale: 7, unknown: total - 7, foreign: 0 });
    expect(server.library.counters().events).toMatchObject({ acked: 0, nacked: 0, delivered: 1 });
    taker.forge((writer) => encodeEventAck(writer, 1, 1, 1));
    await eventually('acked', () => server.library.counters().events.acked === 1);
    taker.forge((writer) => encodeEventAck(writer, 1, 1, 1));
    await eventually('counted', () => sum() === total + 1);
  });

  it('R4: of a group, what another member has cannot be acked, nacked or kept at work', async () => {
    const owner = await evil('owner');
    await subscribe(owner, 'work', 'crew');
    await server.library.publish('topic:work', 'job');
    await eventually('the job', () => got(owner, 0x34).length === 1);
    const thief = await evil('thief');
    await subscribe(thief, 'work', 'crew');
    thief.forge((writer) => {
      encodeEventAck(writer, 1, 1, 1);
      encodeEventNack(writer, 1, 1, 1, 1, 'mine');
      encodeEventProgress(writer, 1, 1, 1);
    });
    await eventually('all counted', () => server.library.counters().events.acksRefused['foreign'] === 3);
    expect(server.library.counters().events).toMatchObject({ acked: 0, nacked: 0, delivered: 1 });
  });

  it('2.0.16: handles that are in use: a second Subscribe or Producer Open ends the connection', async () => {
    const subscribeTwice = await evil('a');
    const subscription = rawPacket(0x30, [1, 'a.>', null, 1, 0, null, 0, EMPTY]);
    // Both before the first is answered.
    subscribeTwice.forge((writer) => writer.bytes(subscription).bytes(subscription));
    await subscribeTwice.ended;
    expect(subscribeTwice.told).toBe('E_STATE');
    const again = await evil('b');
    await subscribe(again, 'a.>');
    expect(await told(again, subscription)).toBe('E_STATE');
    const producers = await evil('c');
    const open = rawPacket(0x39, [1, 'AAAAAAAAAAAAAAAA']);
    expect(await told(producers, open)).toBe(0);
    expect(await told(producers, open)).toBe('E_STATE');
  });

  it('unsubscribing what is not there is answered, and forgets nothing of others', async () => {
    const owner = await evil('owner');
    await subscribe(owner, 'kept');
    await server.library.publish('topic:kept', 'x');
    const thief = await evil('thief');
    thief.forge((writer) => {
      encodeUnsubscribe(writer, 1, true);
      encodeUnsubscribe(writer, 0xffff_ffff, true);
    });
    await eventually('answers', () => got(thief, 0x33).length === 2);
    expect(got(thief, 0x33).map(({ code }) => code)).toEqual([0, 0]);
    await eventually('the event', () => got(owner, 0x34).length === 1);
  });
});

describe('cursors and numbers', () => {
  useServer(beforeAll, afterAll);

  it('R11: a cursor beyond the end, with every bit of its map, settles nothing', async () => {
    const first = await evil('taker');
    await subscribe(first, null);
    const { lineage } = got(first, 0x31)[0]!;
    first.socket.destroy();
    await server.library.publish('agent:taker', 'x');
    const full = new Uint8Array(512).fill(0xff);
    for (const cursor of [1, 2, 1_000, UINT_MAX - 4_096, UINT_MAX]) {
      const peer = await evil('taker');
      peer.forge((writer) => encodeSubscribe(writer, 1, null, null, 256, 0, lineage, cursor, full));
      await eventually('the event', () => got(peer, 0x34).length === 1);
      expect(got(peer, 0x31)[0]).toMatchObject({ cursor: 0, nextSequence: 2 });
    }
  });

  /** Field values where a number is expected, and what is wrong with them. */
  const NUMBERS: readonly (readonly [string, RawValue])[] = [
    ['negative', -1],
    ['2^53', 2n ** 53n],
    ['2^64 - 1', 2n ** 64n - 1n],
    ['a float', 1.5],
    ['NaN', Number.NaN],
    ['-0 as a float', new Verbatim(0xcb, 0x80, 0, 0, 0, 0, 0, 0, 0)],
    ['2^53 as a float', new Verbatim(0xcb, 0x43, 0x40, 0, 0, 0, 0, 0, 0)],
    ['text', '1'],
    ['nil', null],
  ];

  it.each(NUMBERS)(
    'R11, D10: a cursor, a sequence, a number of an outbox that is %s ends the connection',
    async (_, value) => {
      const packets = [
        rawPacket(0x30, [1, null, null, 1, 0, null, value, EMPTY]),
        rawPacket(0x35, [1, value, 1]),
        rawPacket(0x3b, [1, value, 0, 'topic:a', null, EMPTY, null, 0, 0, false]),
      ];
      for (const [index, packet] of packets.entries()) {
        const peer = await evil(`evil-${index}`);
        expect(await told(peer, packet)).toBe('E_MALFORMED');
      }
      expect(server.library.counters().faults).toBe(0);
    },
  );
});

describe('addresses, topics, names', () => {
  useServer(beforeAll, afterAll);

  const level = 'x'.repeat(64);
  /** Text, what Publish is told of `topic:` and it, and what Subscribe is told of it. */
  const TOPICS: readonly (readonly [string, string, string, string])[] = [
    ['empty', '', 'E_BAD_TOPIC', 'E_MALFORMED'],
    ['an empty level', 'a..b', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a dot at the end', 'a.', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a wildcard in Publish', 'a.*', 'E_BAD_TOPIC', 'taken'],
    ['everything in Publish', '>', 'E_BAD_TOPIC', 'taken'],
    ['a wildcard in a level', 'a*.b', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['> before the end', 'a.>.b', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['17 levels', 'a.'.repeat(16) + 'a', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a level of 65 bytes', `${level}x`, 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a space', 'a b', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a line end', 'a\nb', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['text that turns around', 'a.\u202eb', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['a NUL', 'a\0b', 'E_BAD_TOPIC', 'E_BAD_TOPIC'],
    ['257 bytes', `${level}.${level}.${level}.${level.slice(0, 62)}`, 'E_TOO_LARGE', 'E_TOO_LARGE'],
    ['64 KB', 'a'.repeat(65_536), 'E_TOO_LARGE', 'E_TOO_LARGE'],
    ['10,000 levels', 'a.'.repeat(10_000), 'E_TOO_LARGE', 'E_TOO_LARGE'],
  ];

  it.each(TOPICS)('D9: a topic: %s', async (_, text, published, subscribed) => {
    const publisher = await evil('publisher');
    const open = rawPacket(0x39, [1, 'AAAAAAAAAAAAAAAA']);
    const publish = rawPacket(0x3b, [1, 1, 0, `topic:${text}`, null, EMPTY, null, 0, 0, false]);
    await told(publisher, open);
    expect(await told(publisher, publish)).toBe(published);
    const taker = await evil('taker');
    const request = rawPacket(0x30, [1, text, null, 1, 0, null, 0, EMPTY]);
    if (subscribed === 'taken') {
      taker.forge((writer) => writer.bytes(request));
      await eventually('Subscribed', () => got(taker, 0x31).length === 1);
    } else expect(await told(taker, request)).toBe(subscribed);
    expect(server.library.counters().faults).toBe(0);
  });

  it.each([
    ['no kind', 'a.b'],
    ['another kind', 'user:a'],
    ['an agent that nobody is', 'agent:nobody'],
    ['an agent without an id', 'agent:'],
    ['a way out', 'agent:../../publisher'],
    ['a prototype', 'agent:__proto__'],
    ['capitals', 'AGENT:publisher'],
  ])('an address that is none: %s', async (_, to) => {
    const publisher = await evil('publisher');
    await told(publisher, rawPacket(0x39, [1, 'AAAAAAAAAAAAAAAA']));
    publisher.forge((writer) => encodePublish(writer, 1, 1, 0, to, null, EMPTY, null, 0, 0, false));
    await eventually('a receipt', () => got(publisher, 0x3c).length === 1);
    expect(got(publisher, 0x3c).map(({ code }) => errorByNumber(code))).toEqual(['E_UNKNOWN_ADDRESS']);
  });

  it('names of outboxes and groups that are none are refused, and the outbox is not open', async () => {
    for (const producerId of ['AAAAAAAAAAAAAAA=', 'AAAAAAAA AAAAAAA', '../../../../etc/', 'ÄÄÄÄÄÄÄÄ']) {
      const peer = await evil(`publisher-${producerId.length}-${peers.length}`);
      expect(await told(peer, rawPacket(0x39, [1, producerId]))).toBe('E_BAD_REQUEST');
      expect(await told(peer, rawPacket(0x3b, [1, 1, 0, 'topic:a', null, EMPTY, null, 0, 0, false]))).toBe('E_STATE');
    }
    const taker = await evil('taker');
    for (const group of ['a b', 'x\ny', '\u202e'])
      expect(await told(taker, rawPacket(0x30, [1, 'a', group, 1, 0, null, 0, EMPTY]))).toBe('E_BAD_REQUEST');
    // Events addressed to the agent are not shared.
    expect(await told(taker, rawPacket(0x30, [1, null, 'crew', 1, 0, null, 0, EMPTY]))).toBe('E_BAD_REQUEST');
  });

  it('the outbox of one agent is not that of another, whatever its name', async () => {
    const [owner, thief] = [await evil('owner'), await evil('thief')];
    for (const peer of [owner, thief]) {
      peer.forge((writer) => encodeProducerOpen(writer, 1, 'AAAAAAAAAAAAAAAA'));
      await eventually('Producer Opened', () => got(peer, 0x3a).length === 1);
      peer.forge((writer) => encodePublish(writer, 1, 1, 0, 'topic:a', null, EMPTY, null, 0, 0, false));
      await eventually('a receipt', () => got(peer, 0x3c).length === 1);
    }
    expect(got(thief, 0x3a)).toMatchObject([{ number: 0 }]);
    expect(server.library.counters().events.published).toEqual({ stored: 2, duplicates: 0 });
  });
});
