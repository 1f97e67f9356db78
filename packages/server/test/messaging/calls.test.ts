/** Calls: packets in, packets out. What services do is tested with them; here, that nothing is lost on the way. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { utf8Encode } from '@sealane/shared/bytes';
import { ERRORS, ProtocolError, StorageError } from '@sealane/shared/errors';
import type { GroupCommit, GroupSend } from '@sealane/shared/packets';
import { CallError } from '../../src/messaging/call-error.ts';
import { callFailed } from '../../src/messaging/calls/call-failed.ts';
import { GROUP_CALLS } from '../../src/messaging/calls/group-calls.ts';
import { KEY_PACKAGE_CALLS } from '../../src/messaging/calls/key-package-calls.ts';
import { ServiceWorld, itemOf, wordsOf, type Device } from './service-world.ts';

let world: ServiceWorld;
let alice: Device;
let bob: Device;
const group = new Uint8Array(randomBytes(16));

beforeEach(async () => {
  world = await ServiceWorld.start();
  [alice, bob] = [await world.device('alice'), await world.device('bob')];
});

afterEach(async () => {
  await world.stop();
});

function commitOf(about: Partial<GroupCommit> = {}): GroupCommit {
  return {
    id: 0x4d,
    call: 7,
    group,
    epoch: 0,
    write: alice.write + 1,
    messageId: new Uint8Array(randomBytes(16)),
    commit: utf8Encode('commit'),
    commitBlob: null,
    welcome: utf8Encode('welcome'),
    welcomeBlob: null,
    groupInfoBlob: null,
    added: [utf8Encode(bob.agentId)],
    removed: [],
    isExternal: false,
    ...about,
  };
}

function sendOf(about: Partial<GroupSend> = {}): GroupSend {
  const messageId = new Uint8Array(randomBytes(16));
  const body = utf8Encode('hello');
  const write = alice.write + 1;
  return { id: 0x4e, call: 8, group, epoch: 1, write, messageId, body, ttlMs: 0, isTransient: false, ...about };
}

const none = { welcome: new Uint8Array(), added: [] };

describe('calls of groups', () => {
  it('commit, send and query give their answers with the number of the call', async () => {
    const stored = await GROUP_CALLS[0x4d](world, alice, commitOf());
    expect(stored).toMatchObject({ id: 0x4f, call: 7, epoch: 1, sequence: 1 });
    expect(await GROUP_CALLS[0x4e](world, alice, sendOf())).toMatchObject({ id: 0x4f, call: 8, sequence: 2 });
    expect(await world.words(bob)).toEqual(['welcome: welcome', 'message: hello']);
    const state = await GROUP_CALLS[0x50](world, bob, { id: 0x50, call: 9, group, fromEpoch: 0 });
    expect(state).toMatchObject({ id: 0x51, call: 9, epoch: 1, groupInfoBlob: null });
    expect(state.commits.map((bytes) => wordsOf(itemOf(bytes)))).toEqual(['commit: commit']);
    expect(state.devices.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['alice.one', 'bob.one']);
  });

  it('a commit of a query is the item that the queue had, to the byte', async () => {
    await GROUP_CALLS[0x4d](world, alice, commitOf());
    await GROUP_CALLS[0x4d](world, alice, commitOf({ epoch: 1, ...none }));
    const { commits } = await GROUP_CALLS[0x50](world, bob, { id: 0x50, call: 9, group, fromEpoch: 1 });
    const items = await world.items(bob);
    expect(commits.map(itemOf)).toEqual(items.filter(({ kind }) => kind === 'commit'));
  });

  it('a transient message is no write, and a message that is kept is one', async () => {
    await GROUP_CALLS[0x4d](world, alice, commitOf());
    await GROUP_CALLS[0x4e](world, alice, sendOf({ write: 0, isTransient: true }));
    expect(world.transients).toMatchObject([{ agentId: 'bob.one', message: { epoch: 1, body: utf8Encode('hello') } }]);
    for (const about of [{ write: 0 }, { isTransient: true }])
      await expect(GROUP_CALLS[0x4e](world, alice, sendOf(about))).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
  });

  it('bytes of a packet may be used for something else as soon as it was handed over', async () => {
    await GROUP_CALLS[0x4d](world, alice, commitOf());
    const packet = sendOf();
    const sent = GROUP_CALLS[0x4e](world, alice, packet);
    for (const bytes of [packet.body, packet.messageId]) bytes.fill(0xff);
    await sent;
    expect((await world.words(bob)).at(-1)).toBe('message: hello');
  });

  it('refuses commits with two bodies, with none, and agent ids that are no text', async () => {
    const refused = (about: Partial<GroupCommit>) => GROUP_CALLS[0x4d](world, alice, commitOf(about));
    for (const about of [
      { commit: new Uint8Array() },
      { commitBlob: new Uint8Array(16) },
      { welcomeBlob: new Uint8Array(16) },
      { welcome: new Uint8Array() },
      { added: [] },
      { added: [Uint8Array.of(0xff)] },
    ])
      await expect(refused(about)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
  });
});

describe('calls of key packages', () => {
  it('names are folded, as everywhere', async () => {
    const keyPackages = [utf8Encode('one')];
    const published = await KEY_PACKAGE_CALLS[0x4a](world, bob, { id: 0x4a, call: 1, keyPackages, lastResort: null });
    expect(published).toEqual({ id: 0x4c, call: 1, keyPackages: [], waiting: 1 });
    const claimed = await KEY_PACKAGE_CALLS[0x4b](world, alice, { id: 0x4b, call: 2, username: 'BOB', devices: [] });
    expect(claimed.keyPackages.map((bytes) => Buffer.from(bytes).toString())).toEqual(['one']);
  });
});

describe('Call Failed', () => {
  it('says number, time to come back and what is present, and no local error', () => {
    expect(callFailed(3, new CallError('E_STALE_EPOCH', { present: 9 }))).toEqual({
      id: 0x5c,
      call: 3,
      code: ERRORS.E_STALE_EPOCH.number,
      retryAfterMs: 0,
      epoch: 9,
    });
    expect(callFailed(3, new CallError('E_CALL_LIMIT', { retryAfterMs: 70 }))).toMatchObject({
      retryAfterMs: 70,
      epoch: 0,
    });
    expect(callFailed(3, new ProtocolError('E_NO_ACCOUNT'))).toMatchObject({ code: ERRORS.E_NO_ACCOUNT.number });
    expect(callFailed(3, new StorageError('E_STORAGE'))).toMatchObject({
      code: ERRORS.E_STORE_UNAVAILABLE.number,
      retryAfterMs: 5_000,
    });
    expect(() => callFailed(3, new TypeError('a fault of ours'))).toThrow(TypeError);
  });
});
