/**
 * Devices with valid keys that abuse the calls of messaging, against a server in a process of its own (B3, B4, D9, rule 4). Floods
 * of logins are in test/messaging/login-flood.test.ts.
 */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  encodeBlobOpen,
  encodeBlobRead,
  encodeBlobWrite,
  encodeLogin,
  encodePing,
  encodeTransparencyQuery,
} from '@sealane/shared/packets';
import {
  AccountPapers,
  answerTo,
  answersOf,
  newKeys,
  openPeer,
  packetsOf,
  refusalIn,
  register,
} from '../messaging/messaging-peer.ts';
import { ServerHost } from '../reliability/server-host.ts';
import type { SessionPeer } from '../reliability/session-peer.ts';
import { eventually } from '../eventually.ts';

jest.setTimeout(60_000);

const MIB = 2 ** 20;
const CALLS = 10_000;
/** Calls that a server answers at once for one connection. */
const OPEN_MAX = 64;
const PART = new Uint8Array(randomBytes(65_536));

let host: ServerHost;
const peers: SessionPeer[] = [];

async function startHost(): Promise<void> {
  host = await ServerHost.start({ logLevel: 'error' });
}

function leave(): void {
  for (const { socket } of peers.splice(0)) socket.destroy();
}

async function open(agentId: string, identity = newKeys()): Promise<SessionPeer> {
  const peer = await openPeer(host.port, agentId, identity);
  peers.push(peer);
  return peer;
}

/** A device of an account of its own, logged in. */
async function device(username: string): Promise<SessionPeer> {
  const identity = newKeys();
  const peer = await open(`${username}-1`, identity);
  await register(peer, new AccountPapers(username, `${username}-1`, identity));
  return peer;
}

/** A blob of one part that the peer uploads; calls number 2 and 3. */
async function upload(peer: SessionPeer): Promise<Uint8Array> {
  const blob = new Uint8Array(randomBytes(16));
  const hash = new Uint8Array(createHash('sha256').update(PART).digest());
  peer.forge((writer) => encodeBlobOpen(writer, 2, blob, PART.length, hash, 0));
  await answerTo(peer, 2);
  peer.forge((writer) => encodeBlobWrite(writer, 3, blob, 0, PART));
  expect(await answerTo(peer, 3)).toMatchObject({ id: 0x55, position: PART.length });
  return blob;
}

/** How long others wait for what is one call to them, until `isOver`. */
async function latencies(peer: SessionPeer, isOver: () => boolean): Promise<number[]> {
  const took: number[] = [];
  for (let call = 10; !isOver() || took.length < 10; call++) {
    const start = performance.now();
    peer.forge((writer) => encodeTransparencyQuery(writer, call, 0));
    expect(refusalIn(await answerTo(peer, call))).toBeUndefined();
    took.push(performance.now() - start);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return took;
}

describe('who calls and does not read', () => {
  // What one test left in memory would count as let go in the next.
  beforeEach(startHost);
  afterEach(async () => {
    leave();
    await host.stop();
  });

  it('B3, rule 4: 10,000 calls whose answers would be 650 MB stop the device itself; others do not notice', async () => {
    const [evil, neighbour] = [await device('mallory'), await device('bob')];
    const blob = await upload(evil);
    const before = await host.report();
    evil.stopReading();
    let sent = 0;
    let isOver = false;
    const flooding = (async () => {
      while (sent < CALLS && !evil.socket.destroyed) {
        evil.forge((writer) => {
          for (let count = 0; count < 50; count++) encodeBlobRead(writer, 100 + (sent += 1), blob, 0, PART.length);
        });
        // The server has time to answer these before the next ones come.
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      isOver = true;
    })();
    const [took] = await Promise.all([latencies(neighbour, () => isOver), flooding]);
    expect(sent).toBe(CALLS);
    const after = await host.report();
    // What is read and not taken: the open calls of one connection, and what its buffers hold.
    expect(after.heldBytes - before.heldBytes).toBeLessThan(16 * MIB);
    expect(after.counters.faults).toBe(0);
    // What else the machine does may hold up some of them.
    expect(took.sort((one, other) => one - other)[Math.floor(took.length * 0.95)]).toBeLessThan(1_000);
  });

  it('B3: one that reads in the end gets an answer to each call, with its own number', async () => {
    const evil = await device('mallory');
    const blob = await upload(evil);
    const held = evil.socket.pause();
    evil.forge((writer) => {
      for (let call = 1_000; call < 1_500; call++) encodeBlobRead(writer, call, blob, 0, PART.length);
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    held.resume();
    await eventually('all answers', () => answersOf(evil).length === 3 + 500, 20_000);
    const answers = answersOf(evil).slice(3);
    expect(new Set(answers.map(({ call }) => call)).size).toBe(500);
    const refusals = answers.map(refusalIn).filter((code) => code !== undefined);
    expect(new Set(refusals)).toEqual(new Set(['E_CALL_LIMIT']));
    expect(answers.length - refusals.length).toBeGreaterThanOrEqual(OPEN_MAX);
  });
});

describe('numbers and limits', () => {
  // One server for all of these; so no two have a user of the same name.
  beforeAll(startHost);
  afterEach(leave);
  afterAll(() => host.stop());

  it('D9: a number whose answer is open ends the connection, and only that one', async () => {
    const [evil, neighbour] = [await device('mallory'), await device('bob')];
    evil.forge((writer) => {
      encodeTransparencyQuery(writer, 7, 0);
      encodeTransparencyQuery(writer, 7, 0);
    });
    await evil.ended;
    expect(evil.told).toBe('E_STATE');
    expect((await latencies(neighbour, () => true)).length).toBe(10);
  });

  it('D9: a number may be used again once it is answered', async () => {
    const peer = await device('alice');
    for (const count of [1, 2, 3]) {
      peer.forge((writer) => encodeTransparencyQuery(writer, 7, 0));
      await eventually('an answer', () => answersOf(peer).length === 1 + count);
    }
    expect(packetsOf(peer).map(({ id }) => id)).toEqual([0x42, 0x5a, 0x5a, 0x5a]);
  });

  it('B4: of 200 calls in one record 64 are open, the others are told at once to come again, and then are welcome', async () => {
    const peer = await device('carol');
    peer.forge((writer) => {
      for (let call = 100; call < 300; call++) encodeTransparencyQuery(writer, call, 0);
    });
    await eventually('all answers', () => answersOf(peer).length === 201);
    const answers = answersOf(peer).slice(1);
    const refused = answers.filter((answer) => refusalIn(answer) === 'E_CALL_LIMIT');
    expect(answers.filter(({ id }) => id === 0x5a)).toHaveLength(OPEN_MAX);
    expect(refused).toHaveLength(200 - OPEN_MAX);
    expect(refused[0]).toMatchObject({ retryAfterMs: expect.any(Number) });
    expect(refused.every((answer) => answer.id === 0x5c && answer.retryAfterMs > 0)).toBe(true);
    // The first 64 were let in, in the order in which they came.
    expect(Math.min(...refused.map(({ call }) => call))).toBe(100 + OPEN_MAX);
    peer.forge((writer) => encodeTransparencyQuery(writer, 299, 0));
    await eventually('the answer', () => answersOf(peer).length === 202);
    expect(answersOf(peer).at(-1)).toMatchObject({ id: 0x5a, call: 299 });
  });

  it('B3: a device that goes while its calls are open leaves nothing behind', async () => {
    const before = (await host.report()).counters.faults;
    for (let round = 0; round < 2; round++) {
      const peer = await open(`passer-${round}`);
      peer.forge((writer) => {
        for (let call = 1; call <= 60; call++) encodeLogin(writer, call, 'nobody', 'some guess', null, null);
        encodePing(writer, 1);
      });
      peer.socket.destroy();
    }
    const report = await host.reportWhen(({ counters }) => counters.connections.open === 0);
    expect(report.counters.faults).toBe(before);
    expect((await latencies(await device('erin'), () => true)).length).toBe(10);
  });
});
