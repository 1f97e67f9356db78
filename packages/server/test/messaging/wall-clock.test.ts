/** The wall clock of a server that runs is set far ahead: files and sessions live on; what it signs has the time that is shown. */
import { createHash, randomBytes } from 'node:crypto';
import { afterEach, expect, it } from '@jest/globals';
import {
  encodeBlobOpen,
  encodeBlobRead,
  encodeBlobWrite,
  encodeDirectoryQuery,
  encodeTransparencyQuery,
} from '@sealane/shared/packets';
import { decodeTreeHead } from '@sealane/shared/transparency';
import type { SessionPeer } from '../reliability/session-peer.ts';
import { TestServer } from '../test-server.ts';
import { AccountPapers, answerTo, newKeys, openPeer, refusalIn, register } from './messaging-peer.ts';

/** More than a blob or a session lives. */
const JUMP_MS = 60 * 86_400_000;

let server: TestServer;
let alice: SessionPeer | undefined;
let aheadMs = 0;

afterEach(async () => {
  alice?.socket.destroy();
  await server.stop();
});

type Writer = Parameters<Parameters<SessionPeer['forge']>[0]>[0];

it.each(['memory:', undefined])(
  'O3, rule 8: a jump ahead ends no session and drops no file, store %s',
  async (store) => {
    aheadMs = 0;
    server = await TestServer.start({ store, wallClock: () => Date.now() + aheadMs });
    const keys = newKeys();
    const peer = await openPeer(server.port, 'alice-1', keys);
    alice = peer;
    await register(peer, new AccountPapers('alice', 'alice-1', keys));
    let calls = 1;
    const call = async (encode: (writer: Writer, number: number) => void) => {
      const number = (calls += 1);
      peer.forge((writer) => encode(writer, number));
      const answer = await answerTo(peer, number);
      expect(refusalIn(answer)).toBeUndefined();
      return answer;
    };
    const bytes = new Uint8Array(randomBytes(1_000));
    const blob = new Uint8Array(randomBytes(16));
    const hash = new Uint8Array(createHash('sha256').update(bytes).digest());
    await call((writer, each) => encodeBlobOpen(writer, each, blob, bytes.length, hash, 0));
    await call((writer, each) => encodeBlobWrite(writer, each, blob, 0, bytes));

    aheadMs = JUMP_MS;
    const part = await call((writer, each) => encodeBlobRead(writer, each, blob, 0, 65_536));
    expect(part).toMatchObject({ id: 0x55, bytes });
    // A call that needs a session.
    await call((writer, each) => encodeDirectoryQuery(writer, each, 'alice', 0, 0));
    const told = await call((writer, each) => encodeTransparencyQuery(writer, each, 0));
    const head = told.id === 0x5a ? decodeTreeHead(told.head) : undefined;
    const shown = Math.floor((Date.now() + JUMP_MS) / 1_000);
    expect(Math.abs((head?.at ?? 0) - shown)).toBeLessThan(60);
  },
);
