/**
 * Rule 10: every packet that an agent may send × who sends it, against a server over TCP with a permissions file, and every call of
 * messaging × what its device is to an account. A new packet without a row fails. Who has not proved who they are gets
 * nowhere at all (state-matrix.test.ts); routes of the admin API: packages/server/test/admin (A8).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { errorByNumber, type ErrorCode } from '@sealane/shared/errors';
import type { SessionEvent } from '@sealane/shared/session';
import { SUITE } from '@sealane/shared/wire';
import { encodeLogin } from '@sealane/shared/packets';
import { samplePacket } from '@sealane/shared/testing';
import { monotonicNow } from '@sealane/node/transport';
import {
  AccountPapers,
  answerTo,
  answersOf,
  newKeys,
  openPeer,
  refusalIn,
  register,
} from '../messaging/messaging-peer.ts';
import { SessionPeer } from '../reliability/session-peer.ts';
import { TestAgent } from '../test-agent.ts';
import { TestServer, eventually, temporaryDirectory } from '../test-server.ts';
import { rawPacket } from './raw-packet.ts';

const EMPTY = new Uint8Array(0);
const OWNER = newKeys();

/** What the file says of those whose ids begin so. */
const RULES = [
  {
    agents: ['may-*'],
    allow: { publish: ['t.*', 'agent:other'], subscribe: ['t.*', 'agent:other'], request: ['work', 'agent:other'] },
  },
  // The allow list covers it, and the deny rule wins.
  {
    agents: ['denied-*'],
    allow: { publish: ['*'], subscribe: ['*'], request: ['*'] },
    deny: { publish: ['*'], subscribe: ['*'], request: ['*'] },
  },
  // It has rights, to other things.
  { agents: ['elsewhere-*'], allow: { publish: ['u.*'], subscribe: ['u.*'], request: ['rest'] } },
];
const ROLES = ['may', 'denied', 'elsewhere'] as const;
type Role = (typeof ROLES)[number];

type Verdict = 'allowed' | 'E_FORBIDDEN';

/** One use of a packet that somebody decides about. */
interface Asked {
  readonly what: string;
  readonly act: (peer: SessionPeer) => void;
  /** What the agent, or the server, saw of it; undefined while it has seen nothing. */
  readonly verdict: (seen: Seen) => Verdict | undefined;
}

interface Seen {
  readonly events: readonly SessionEvent[];
  /** Names of notifications and streams that reached a handler. */
  readonly handled: readonly string[];
}

const forbidden = (code: number): Verdict => {
  const name: ErrorCode | undefined = errorByNumber(code);
  return name === 'E_FORBIDDEN' ? name : 'allowed';
};

/** The answer among the events of a peer. */
function answer(id: 0x21 | 0x31 | 0x33 | 0x3c | 0x3e): (seen: Seen) => Verdict | undefined {
  return ({ events }) => {
    for (const event of events) {
      if (id === 0x21 && event.type === 'response') return forbidden(event.response.code);
      if (event.type !== 'delivery') continue;
      const { packet } = event;
      if (packet.id === 0x31 && id === 0x31) return 'allowed';
      if ((packet.id === 0x33 || packet.id === 0x3c || packet.id === 0x3e) && (packet.id === id || id === 0x31))
        return forbidden(packet.code);
    }
    return undefined;
  };
}

const OPEN_PRODUCER = rawPacket(0x39, [1, 'AAAAAAAAAAAAAAAA']);

/** Sends packets as they are. */
function send(...packets: readonly Uint8Array[]): Asked['act'] {
  return (peer) => {
    for (const packet of packets) peer.forge((writer) => writer.bytes(packet));
  };
}

/** Asks; its own session has to know of it, or it would not take the answer. */
function request(name: string, to: string | null): Asked['act'] {
  return (peer) => {
    peer.session.request({ name, body: EMPTY, contentType: null, timeoutMs: 0, to, from: null }, monotonicNow());
    peer.step();
  };
}

const REGISTRY = JSON.parse(readFileSync(new URL('../../../../docs/registry.json', import.meta.url), 'utf8')) as {
  readonly packets: readonly { readonly id: number; readonly name: string; readonly sender: string }[];
};

/** By id: what is asked for, or why nothing is. */
const TABLE: Readonly<Record<number, readonly Asked[] | string>> = {
  0x05: 'of a server',
  0x06: 'of a server',
  0x07: 'about the own connection',
  0x08: 'of a server',
  0x09: 'about the own connection',
  0x0a: 'about the own connection',
  0x0b: 'about the own connection',
  0x0c: 'of a server',
  0x0d: 'about the own connection',
  0x10: [
    {
      what: 'a stream',
      act: (peer) => {
        peer.session.openStream('work');
        peer.step();
      },
      verdict: ({ events, handled }) => {
        if (handled.includes('stream')) return 'allowed';
        const reset = events.find((event) => event.type === 'stream-reset');
        return reset?.code === 'E_FORBIDDEN' ? 'E_FORBIDDEN' : undefined;
      },
    },
  ],
  0x11: 'about a stream that was allowed',
  0x12: 'about a stream that was allowed',
  0x13: 'about a stream that was allowed',
  0x14: 'about a stream that was allowed',
  0x20: [
    { what: 'a request', act: request('work', null), verdict: answer(0x21) },
    { what: 'a request of another agent', act: request('work', 'agent:other'), verdict: answer(0x21) },
  ],
  0x21: 'about a request that the server made',
  0x22: 'about a request that was allowed',
  0x23: [
    {
      what: 'a notification, which is not answered: a request behind it is',
      act: (peer) => {
        peer.session.notify('work', EMPTY, null);
        request('rest', null)(peer);
      },
      verdict: ({ events, handled }) => {
        if (handled.includes('notification')) return 'allowed';
        return events.some(({ type }) => type === 'response') ? 'E_FORBIDDEN' : undefined;
      },
    },
  ],
  0x30: [
    {
      what: 'a pattern of topics',
      act: send(rawPacket(0x30, [1, 't.a', null, 1, 0, null, 0, EMPTY])),
      verdict: answer(0x31),
    },
    {
      what: 'a pattern of a group',
      act: send(rawPacket(0x30, [1, 't.a', 'crew', 1, 0, null, 0, EMPTY])),
      verdict: answer(0x31),
    },
  ],
  0x31: 'of a server',
  0x32: 'about a subscription that was allowed',
  0x33: 'of a server',
  0x34: 'of a server',
  0x35: 'about a subscription that was allowed',
  0x36: 'about a subscription that was allowed',
  0x37: 'about a subscription that was allowed',
  0x38: 'of a server',
  0x39: 'about an outbox of its own: each event is asked for',
  0x3a: 'of a server',
  0x3b: [
    {
      what: 'an event to a topic',
      act: send(OPEN_PRODUCER, rawPacket(0x3b, [1, 1, 0, 'topic:t.a', null, EMPTY, null, 0, 0, false])),
      verdict: answer(0x3c),
    },
    {
      what: 'an event to an agent',
      act: send(OPEN_PRODUCER, rawPacket(0x3b, [1, 1, 0, 'agent:other', null, EMPTY, null, 0, 0, false])),
      verdict: answer(0x3c),
    },
  ],
  0x3c: 'of a server',
  0x3d: [{ what: 'presence', act: send(rawPacket(0x3d, ['other', true])), verdict: answer(0x3e) }],
  0x3e: 'of a server',
  ...ofMessaging(),
};

/** Calls of messaging are not for permissions to judge, but for accounts: who may make them stands below. */
function ofMessaging(): Record<number, string> {
  const rows: Record<number, string> = {};
  for (const { id, sender } of REGISTRY.packets)
    if (id >= 0x40) rows[id] = sender === 'server' ? 'of a server' : 'a call of messaging';
  return rows;
}

const CASES = Object.values(TABLE).flatMap((asked) => (typeof asked === 'string' ? [] : asked));

let server: TestServer;
let handled: string[] = [];
beforeAll(async () => {
  const dataDirectory = temporaryDirectory();
  const permissionsFile = join(dataDirectory, 'permissions.json');
  writeFileSync(permissionsFile, JSON.stringify({ version: 1, rules: RULES }));
  server = await TestServer.start({ suites: 'any', store: 'memory:', dataDirectory, permissionsFile });
  server.library.handleNotification('work', () => void handled.push('notification'));
  server.library.handleStream('work', () => void handled.push('stream'));
  (await TestAgent.open({ port: server.port, agentId: 'other' })).handle('work', () => 'done');
});
afterAll(() => server.stop());

describe('rule 10: packet and role', () => {
  it('A8: every packet has a row, and those of a server are no way in', () => {
    expect(Object.keys(TABLE).map(Number)).toEqual(REGISTRY.packets.map(({ id }) => id));
    for (const { id, sender } of REGISTRY.packets)
      expect([id, TABLE[id] === 'of a server']).toEqual([id, sender === 'server']);
  });

  const cases = CASES.flatMap((asked) => ROLES.map((role): [string, Role, Asked] => [asked.what, role, asked]));
  it.each(cases)('A8, A9: %s, of an agent that is "%s"', async (_, role, { act, verdict }) => {
    handled = [];
    const settings = { suites: [SUITE.classical] };
    const peer = await SessionPeer.open({
      port: server.port,
      agentId: `${role}-${Math.random().toString(36).slice(2)}`,
      settings,
    });
    act(peer);
    const seen = (): Verdict | undefined => verdict({ events: peer.events, handled });
    await eventually('an answer', () => seen() !== undefined);
    expect(seen()).toBe(role === 'may' ? 'allowed' : 'E_FORBIDDEN');
    peer.socket.destroy();
  });
});

/** By id: what becomes of a call of a device whose account is not asked for, and of one that is logged in and not listed. */
const CALLS: Readonly<
  Record<number, { readonly stranger: 'E_NOT_LOGGED_IN' | 'asked'; readonly guest: 'E_NOT_LISTED' | 'asked' }>
> = {
  0x40: { stranger: 'asked', guest: 'asked' },
  0x41: { stranger: 'asked', guest: 'asked' },
  0x43: { stranger: 'E_NOT_LOGGED_IN', guest: 'asked' },
  0x44: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  // The sample lists somebody else; what lists the device itself is in test/messaging/devices.test.ts.
  0x45: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x46: { stranger: 'E_NOT_LOGGED_IN', guest: 'asked' },
  0x48: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x4a: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x4b: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x4d: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x4e: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x50: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x52: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x53: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x54: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x56: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x57: { stranger: 'E_NOT_LOGGED_IN', guest: 'asked' },
  0x58: { stranger: 'E_NOT_LOGGED_IN', guest: 'E_NOT_LISTED' },
  0x59: { stranger: 'E_NOT_LOGGED_IN', guest: 'asked' },
};
const PASSWORD = 'correct horse battery';
/** Register, Login and Logout. */
const ABOUT_LOGIN: readonly number[] = [0x40, 0x41, 0x43];

describe('rule 10: call and account', () => {
  it('C4: every call has a row', () => {
    const calls = REGISTRY.packets.filter(({ id, sender }) => id >= 0x40 && sender === 'agent');
    expect(Object.keys(CALLS).map(Number)).toEqual(calls.map(({ id }) => id));
  });

  it('C4: of a device that is not logged in, of one that is not listed, and of one that is', async () => {
    const owner = await openPeer(server.port, 'owner-1', OWNER);
    await register(owner, new AccountPapers('owner', 'owner-1', OWNER), PASSWORD);
    const linked = async (id: number): Promise<SessionPeer> => {
      const device = await openPeer(server.port, `linked-${id}`);
      device.forge((writer) => encodeLogin(writer, 2, 'owner', PASSWORD, null, null));
      expect(await answerTo(device, 2)).toMatchObject({ id: 0x42, isListed: false });
      return device;
    };
    // A login takes 64 MiB and 0.2 s: a call that leaves the device logged in leaves it to the next one.
    const guestOfMany = await linked(0);
    const seen: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const [key, { stranger, guest }] of Object.entries(CALLS)) {
      const id = Number(key);
      const device = await openPeer(server.port, `device-${id}`);
      const outcomes = [await outcome(device, id)];
      device.socket.destroy();
      const isAboutLogin = ABOUT_LOGIN.includes(id);
      const guestDevice = isAboutLogin ? await linked(id) : guestOfMany;
      outcomes.push(await outcome(guestDevice, id));
      if (isAboutLogin) guestDevice.socket.destroy();
      // Logout would end what the others need.
      if (id !== 0x43 && id !== 0x40) {
        const listed = await openPeer(server.port, 'owner-1', OWNER);
        outcomes.push(await outcome(listed, id));
        listed.socket.destroy();
        expected[key] = [stranger, guest, 'asked'];
      } else expected[key] = [stranger, guest];
      seen[key] = outcomes;
    }
    expect(seen).toEqual(expected);
  }, 60_000);
});

/** What becomes of a call, as far as it is a matter of who makes it. */
async function outcome(peer: SessionPeer, id: number): Promise<string> {
  const before = answersOf(peer).length;
  peer.forge((writer) => writer.bytes(samplePacket(id, 'server')));
  await eventually(`an answer to 0x${id.toString(16)}`, () => answersOf(peer).length > before, 20_000);
  const refusal = refusalIn(answersOf(peer)[before]!);
  return refusal === 'E_NOT_LOGGED_IN' || refusal === 'E_NOT_LISTED' ? refusal : 'asked';
}
