/** A real server that is killed and started again: what it confirmed of accounts, sessions and the log is there (R1, R3, C9). */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { signLogin, verifyAccountLog } from '@sealane/shared/accounts';
import type { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { CallOf } from '@sealane/shared/items';
import {
  encodeAccountChange,
  encodeDirectoryQuery,
  encodeLogin,
  encodeLogout,
  encodeStatementAppend,
  encodeTransparencyQuery,
  type DirectoryEntry,
  type LoggedIn,
} from '@sealane/shared/packets';
import { decodePath, decodeTreeHead, verifyConsistency, type TreeHead } from '@sealane/shared/transparency';
import type { SessionPeer } from '../reliability/session-peer.ts';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { AccountPapers, answerTo, newKeys, openPeer, refusalIn, register, type Answer } from './messaging-peer.ts';

jest.setTimeout(120_000);

const KILLS = 4;
const WRITERS = 6;
const PASSWORD = 'correct horse';

let directory: string;
let server: ServerProcess;
const peers: SessionPeer[] = [];

beforeEach(async () => {
  directory = temporaryDirectory();
  server = await startServer();
});

afterEach(async () => {
  for (const { socket } of peers.splice(0)) socket.destroy();
  await server.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

function startServer(): Promise<ServerProcess> {
  return ServerProcess.start(['--data-dir', directory]);
}

async function killAndRestart(): Promise<void> {
  await server.end('SIGKILL');
  server = await startServer();
}

/** A device, its connection of now and what the server has confirmed to it. */
interface Owner {
  readonly agentId: string;
  readonly keys: IdentityKeys;
  readonly papers: AccountPapers;
  confirmed: number;
  call: number;
  peer: SessionPeer;
}

async function owner(username: string): Promise<Owner> {
  const keys = newKeys();
  const agentId = `${username}-1`;
  const peer = await connect(agentId, keys);
  return { agentId, keys, papers: new AccountPapers(username, agentId, keys), confirmed: 0, call: 1, peer };
}

async function connect(agentId: string, keys: IdentityKeys): Promise<SessionPeer> {
  const peer = await openPeer(server.port, agentId, keys);
  peers.push(peer);
  return peer;
}

type Write = Parameters<SessionPeer['forge']>[0];

/** Makes a call. @throws Error when the connection ends first. */
async function ask(one: Owner, write: (call: number) => Write): Promise<Answer> {
  const call = (one.call += 1);
  one.peer.forge(write(call));
  return await answerTo(one.peer, call);
}

function query(one: Owner, username: string, treeSize = 0): Promise<Answer> {
  return ask(one, (call) => (writer) => encodeDirectoryQuery(writer, call, username, 0, treeSize));
}

function login(one: Owner, about: Partial<CallOf<0x41>>): Promise<Answer> {
  const { password = null, challenge = null, signature = null } = about;
  const { username } = one.papers;
  return ask(one, (call) => (writer) => encodeLogin(writer, call, username, password, challenge, signature));
}

/** Registers, and then says one thing after the other, until the server is gone. */
async function write(one: Owner): Promise<void> {
  try {
    if (one.confirmed === 0) {
      await register(one.peer, one.papers);
      one.confirmed = 2;
    }
    for (;;) {
      const { statements } = one.papers;
      // What was not confirmed is sent once more, as it was.
      const next = statements[one.confirmed] ?? one.papers.append({ kind: 'profile', displayName: 'x' });
      const answer = await ask(one, (call) => (writer) => encodeStatementAppend(writer, call, next));
      if (refusalIn(answer) === 'E_CALL_LIMIT') return;
      expect(answer).toMatchObject({ id: 0x4f, sequence: one.confirmed });
      one.confirmed += 1;
    }
  } catch (error) {
    if (!one.peer.socket.destroyed) throw error;
  }
}

/** The server has what it confirmed, and not more than what was said. @returns the head. */
function expectKept(one: Owner, answer: Answer): TreeHead | undefined {
  const { statements, statementCount, head } = answer as DirectoryEntry;
  expect(statementCount).toBeGreaterThanOrEqual(one.confirmed);
  expect(one.papers.statements.slice(0, statements.length)).toEqual(statements);
  expect(verifyAccountLog(nativeCrypto, statements).ok).toBe(true);
  return decodeTreeHead(head);
}

describe('accounts under kill -9', () => {
  it('R1, C9: accounts and statements that were confirmed are there, and the log continues every head', async () => {
    const owners: Owner[] = [];
    let known: TreeHead | undefined;
    for (let kill = 0; kill < KILLS; kill++) {
      for (let count = 0; count < WRITERS; count++) owners.push(await owner(`user${owners.length}`));
      const count = (): number => owners.reduce((sum, { confirmed }) => sum + confirmed, 0);
      const enough = count() + 1 + WRITERS * kill;
      const writing = owners.map((one) => write(one));
      await eventually('confirmations', () => count() >= enough, 20_000);
      await killAndRestart();
      await Promise.all(writing);
      for (const one of owners) one.peer = await connect(one.agentId, one.keys);
      const confirmed = owners.filter((one) => one.confirmed > 0);
      expect(confirmed.length).toBeGreaterThan(0);
      for (const one of confirmed) {
        const answer = await query(one, one.papers.username, known?.treeSize);
        const head = expectKept(one, answer);
        if (known !== undefined && head !== undefined && head.treeSize > known.treeSize) {
          const path = decodePath((answer as DirectoryEntry).consistency) ?? [];
          const sizes = { oldSize: known.treeSize, newSize: head.treeSize, oldRoot: known.root, newRoot: head.root };
          expect(verifyConsistency(nativeCrypto, { ...sizes, path })).toBe(true);
        }
        known = head;
      }
    }
    expect(known?.treeSize).toBeGreaterThan(owners.length);
  });

  it('R3: sessions, passwords, logouts and the end of an account stay as they were confirmed', async () => {
    const [alice, bob, carol] = [await owner('alice'), await owner('bob'), await owner('carol')];
    const tokens = await register(alice.peer, alice.papers, PASSWORD);
    await register(bob.peer, bob.papers);
    await register(carol.peer, carol.papers);
    const done = { id: 0x4f };
    const change = (one: Owner, newPassword: string | null, ends: boolean, password: string | null) =>
      ask(one, (call) => (writer) => encodeAccountChange(writer, call, password, newPassword, ends));
    expect(await change(alice, 'new password', false, PASSWORD)).toMatchObject(done);
    expect(await ask(bob, (call) => (writer) => encodeLogout(writer, call, true))).toMatchObject(done);
    expect(await change(carol, null, true, null)).toMatchObject(done);
    expect(tokens.accessToken).not.toBeNull();
    await killAndRestart();
    for (const one of [alice, bob, carol]) one.peer = await connect(one.agentId, one.keys);
    expect(await query(alice, 'alice')).toMatchObject({ id: 0x47, statementCount: 2 });
    for (const one of [bob, carol]) expect(refusalIn(await query(one, 'alice'))).toBe('E_NOT_LOGGED_IN');
    expect(refusalIn(await login(alice, { password: PASSWORD }))).toBe('E_LOGIN_FAILED');
    expect(await login(alice, { password: 'new password' })).toMatchObject({ id: 0x42, isListed: true });
    const { challenge } = (await login(bob, {})) as LoggedIn;
    const serverKey = bob.peer.events.flatMap((event) =>
      event.type === 'server-identified' ? [event.serverKey] : [],
    )[0];
    if (challenge === null || serverKey === undefined) throw new Error('there is no challenge');
    const signature = signLogin({ serverKey, challenge, username: 'bob' }, bob.keys);
    expect(await login(bob, { challenge, signature })).toMatchObject({ id: 0x42 });
    expect(refusalIn(await login(carol, {}))).toBeUndefined();
    const again = new AccountPapers('carol', 'carol-1', carol.keys);
    carol.peer = await connect('carol-1', carol.keys);
    await expect(register(carol.peer, again)).rejects.toThrow('E_USERNAME_TAKEN');
  });

  it('A6, C5: a device that is revoked loses its connection within seconds, and stays out after a restart', async () => {
    const alice = await owner('alice');
    await register(alice.peer, alice.papers, PASSWORD);
    const keys = newKeys();
    const second = { ...alice, agentId: 'alice-2', keys, peer: await connect('alice-2', keys) };
    expect(await login(second, { password: PASSWORD })).toMatchObject({ id: 0x42, isListed: false });
    const now = Math.floor(Date.now() / 1_000);
    const { static: transport, signingPublicKey: signingKey } = second.keys;
    const listed = { agentId: 'alice-2', transportKey: transport.publicKey, signingKey, name: 'two' };
    const append = (statement: Uint8Array) =>
      ask(alice, (call) => (writer) => encodeStatementAppend(writer, call, statement));
    const added = { kind: 'add-device', ...listed, notBefore: now - 60, notAfter: now + 86_400 } as const;
    expect(await append(alice.papers.append(added))).toMatchObject({ id: 0x4f, sequence: 2 });
    expect(await query(second, 'alice')).toMatchObject({ id: 0x47, statementCount: 3 });
    const revoked = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    expect(await append(revoked)).toMatchObject({ id: 0x4f, sequence: 3 });
    await second.peer.ended;
    await killAndRestart();
    second.peer = await connect('alice-2', second.keys);
    const refused = await ask(second, (call) => (writer) => encodeTransparencyQuery(writer, call, 0));
    expect(refusalIn(refused)).toBe('E_NOT_LOGGED_IN');
  });
});
