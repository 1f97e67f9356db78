/** S10: backups of a server while messages flow, and what the restored server has. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { utf8Encode } from '@sealane/shared/bytes';
import { messagesTopic } from '@sealane/shared/items';
import {
  encodeBlobOpen,
  encodeBlobRead,
  encodeBlobWrite,
  encodeDirectoryQuery,
  encodeEventAck,
  encodeGroupCommit,
  encodeGroupQuery,
  encodeGroupSend,
  encodeLogin,
  encodeSubscribe,
} from '@sealane/shared/packets';
import { backUp, restore } from '../../src/server/index.ts';
import type { SessionPeer } from '../reliability/session-peer.ts';
import { TestServer, eventually } from '../test-server.ts';
import { AccountPapers, answerTo, newKeys, openPeer, refusalIn, register } from './messaging-peer.ts';
import { itemOf, wordsOf } from './service-world.ts';

jest.setTimeout(60_000);

const EMPTY = new Uint8Array(0);
const PASSWORD = 'correct horse battery';
const group = new Uint8Array(randomBytes(16));
const blob = new Uint8Array(randomBytes(16));
const content = new Uint8Array(randomBytes(60_000));
const [aliceKeys, bobKeys] = [newKeys(), newKeys()];

let server: TestServer;
let alice: SessionPeer;
let folder: string;
let lastCall = 1;
let write = 0;
const papers = new AccountPapers('alice', 'alice-1', aliceKeys);
beforeEach(async () => {
  [lastCall, write] = [1, 0];
  folder = mkdtempSync(join(tmpdir(), 'sealane-backup-'));
  server = await TestServer.start();
  alice = await openPeer(server.port, 'alice-1', aliceKeys);
  await register(alice, papers, PASSWORD);
  const bob = await openPeer(server.port, 'bob-1', bobKeys);
  await register(bob, new AccountPapers('bob', 'bob-1', bobKeys));
  bob.socket.destroy();
  const welcome = utf8Encode('welcome');
  await call(alice, (writer, number) =>
    encodeGroupCommit(
      ...([writer, number, group, 0, (write += 1), id(), utf8Encode('commit'), null] as const),
      ...([welcome, null, null, [utf8Encode('bob-1')], [], false] as const),
    ),
  );
});
afterEach(async () => {
  alice.socket.destroy();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const id = (): Uint8Array => new Uint8Array(randomBytes(16));
type Writer = Parameters<Parameters<SessionPeer['forge']>[0]>[0];

/** Makes a call. @returns its answer, which is no refusal. */
async function call(peer: SessionPeer, encode: (writer: Writer, number: number) => void) {
  const number = (lastCall += 1);
  peer.forge((writer) => encode(writer, number));
  const answer = await answerTo(peer, number);
  expect(answer.id).not.toBe(0x5c);
  return answer;
}

async function send(text: string): Promise<void> {
  const number = (write += 1);
  await call(alice, (writer, each) =>
    encodeGroupSend(writer, each, group, 1, number, id(), utf8Encode(text), 0, false),
  );
}

async function upload(blobId: Uint8Array, bytes: Uint8Array): Promise<void> {
  const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
  await call(alice, (writer, each) => encodeBlobOpen(writer, each, blobId, bytes.length, hash, 0));
  await call(alice, (writer, each) => encodeBlobWrite(writer, each, blobId, 0, bytes));
}

/** The items that wait for a device, in words, until `last` is among them; all are acked. */
async function wordsFor(peer: SessionPeer, agentId: string, last: string): Promise<string[]> {
  const words: string[] = [];
  let seen = 0;
  peer.forge((writer) => encodeSubscribe(writer, 1, messagesTopic(agentId), null, 256, 0, null, 0, EMPTY));
  await eventually(last, () => {
    const packets = peer.events.flatMap((event) => (event.type === 'delivery' ? [event.packet] : []));
    for (const packet of packets.slice(seen)) {
      if (packet.id !== 0x34) continue;
      words.push(wordsOf(itemOf(packet.body)));
      peer.forge((writer) => encodeEventAck(writer, 1, packet.sequence, packet.attempt));
    }
    seen = packets.length;
    return words.includes(last);
  });
  return words;
}

/** Every file below a directory, and its mode. */
function modesIn(directory: string): number[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).map(
    ({ parentPath, name }) => statSync(join(parentPath, name)).mode & 0o077,
  );
}

describe('backup of messaging', () => {
  it('S10: taken while messages flow: accounts, groups, blobs, and every message that was stored before', async () => {
    await upload(blob, content);
    let stored = 0;
    const end = new AbortController();
    const flow = (async () => {
      while (!end.signal.aborted) {
        await send(`message ${stored + 1}`);
        stored += 1;
        if (stored % 10 === 0) await upload(id(), new Uint8Array(randomBytes(20_000)));
      }
    })();
    await eventually('messages', () => stored > 40);
    const before = stored;
    const { delivery, messaging } = server.library;
    const backup = join(folder, 'backup');
    await backUp({ directory: server.directory, store: delivery.store, messaging }, backup);
    await eventually('more messages', () => stored > before + 10);
    end.abort();
    await flow;
    expect(modesIn(backup).every((mode) => mode === 0)).toBe(true);
    const restored = join(folder, 'restored');
    restore(backup, restored);
    const other = await TestServer.start({ dataDirectory: restored });
    try {
      expect(other.fingerprint).toBe(server.fingerprint);
      const bob = await openPeer(other.port, 'bob-1', bobKeys);
      const words = await wordsFor(bob, 'bob-1', `message: message ${before}`);
      const expected = ['welcome: welcome', ...Array.from({ length: before }, (_, at) => `message: message ${at + 1}`)];
      expect(words.slice(0, expected.length)).toEqual(expected);
      expect(new Set(words).size).toBe(words.length);
      const part = await call(bob, (writer, each) => encodeBlobRead(writer, each, blob, 0, 65_536));
      expect(part.id === 0x55 && Buffer.from(part.bytes).equals(content)).toBe(true);
      const entry = await call(bob, (writer, each) => encodeDirectoryQuery(writer, each, 'alice', 0, 0));
      expect(entry).toMatchObject({ id: 0x47, statementCount: 2 });
      expect(entry.id === 0x47 && entry.statements.map((each) => Buffer.from(each))).toEqual(
        papers.statements.map((each) => Buffer.from(each)),
      );
      const state = await call(bob, (writer, each) => encodeGroupQuery(writer, each, group, 1));
      expect(state).toMatchObject({ id: 0x51, epoch: 1 });
      const linked = await openPeer(other.port, 'alice-2');
      await call(linked, (writer, each) => encodeLogin(writer, each, 'alice', PASSWORD, null, null));
      // What it wrote since the backup is gone: it is ahead, and refused, but not taken for a copy.
      const ahead = await openPeer(other.port, 'alice-1', aliceKeys);
      ahead.forge((writer) => encodeGroupSend(writer, 1, group, 1, write + 1, id(), utf8Encode('ahead'), 0, false));
      expect(refusalIn(await answerTo(ahead, 1))).toBe('E_BAD_REQUEST');
      for (const peer of [bob, linked, ahead]) peer.socket.destroy();
    } finally {
      await other.library.close();
    }
  });

  it('S10: a server that keeps nothing has nothing of messaging to copy, and one from before has none to restore', async () => {
    const other = await TestServer.start({ store: 'memory:' });
    const backup = join(folder, 'backup');
    const { delivery, messaging } = other.library;
    await backUp({ directory: other.directory, store: delivery.store, messaging }, backup);
    expect(readdirSync(backup)).not.toContain('messaging.db');
    await other.stop();
    const restored = join(folder, 'restored');
    restore(backup, restored);
    const again = await TestServer.start({ dataDirectory: restored });
    const peer = await openPeer(again.port, 'alice-1', aliceKeys);
    expect(await register(peer, papers)).toMatchObject({ isListed: true });
    peer.socket.destroy();
    await again.library.close();
  });
});
