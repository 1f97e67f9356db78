/** Directory and devices as the server keeps them: proofs, listing, revocation, presence (C4 to C9). */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { statementHash, verifyAccountLog } from '@sealane/shared/accounts';
import { utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { StorageError } from '@sealane/shared/errors';
import type { AnswerOf } from '@sealane/shared/items';
import {
  decodeInclusion,
  decodeMapProof,
  decodePath,
  entryHash,
  mapKey,
  verifyConsistency,
  verifyInclusion,
  verifyMapProof,
  verifyTreeHead,
  type TreeHead,
} from '@sealane/shared/transparency';
import { eventually } from '../test-server.ts';
import { AccountWorld, type TestAccount, type TestDevice } from './account-world.ts';
import { AccountPapers, listing, newKeys } from './messaging-peer.ts';

jest.setTimeout(30_000);

const PASSWORD = 'correct horse';
let world: AccountWorld;
let alice: TestAccount;
let bob: TestAccount;

beforeEach(async () => {
  world = await AccountWorld.start();
  alice = await world.account('alice', PASSWORD);
  bob = await world.account('bob');
});

afterEach(async () => {
  await world.stop();
  expect(world.faults).toEqual([]);
});

function query({ device }: { readonly device: TestDevice }, username: string, treeSize = 0, fromIndex = 0) {
  return device.call(0x46, { username, fromIndex, treeSize });
}

function dueFollowUps() {
  return world.store.ask('dueFollowUps', undefined);
}

/** Checks an answer as a client does. @param known the head before. @returns the head. */
function expectProved(username: string, answer: AnswerOf<0x46>, known?: TreeHead): TreeHead {
  const head = verifyTreeHead(nativeCrypto, answer.head, world.identity.signingPublicKey);
  const log = verifyAccountLog(nativeCrypto, answer.statements);
  const inclusion = decodeInclusion(answer.inclusion);
  const key = mapKey(nativeCrypto, username);
  const latest = decodeMapProof(answer.latest, key);
  if (head === undefined || !log.ok || inclusion === undefined || latest === undefined) throw new Error('no proof');
  const { accountId, count, hash } = log.state;
  const leaf = entryHash(nativeCrypto, { accountId, username, count, statementHash: hash });
  const { treeSize, root, mapRoot } = head;
  expect(verifyInclusion(nativeCrypto, { ...inclusion, treeSize, leaf, root })).toBe(true);
  const value = { count, entryHash: leaf };
  expect(verifyMapProof(nativeCrypto, { key, proof: latest, mapRoot })).toEqual({ ok: true, value });
  if (known !== undefined && known.treeSize < treeSize) {
    const path = decodePath(answer.consistency) ?? [];
    const sizes = { oldSize: known.treeSize, newSize: treeSize, oldRoot: known.root, newRoot: root };
    expect(verifyConsistency(nativeCrypto, { ...sizes, path })).toBe(true);
  }
  return head;
}

describe('directory', () => {
  it('C9: gives logs with proofs that a client accepts, also while they grow', async () => {
    let known = expectProved('alice', await query(bob, 'Alice'));
    for (let index = 0; index < 12; index++) {
      const statement = alice.papers.append({ kind: 'profile', displayName: `Alice ${index}` });
      const [answer] = await Promise.all([
        query(bob, 'alice', known.treeSize),
        alice.device.call(0x45, { statement }),
        query(bob, 'bob', known.treeSize).then((other) => expectProved('bob', other, known)),
      ]);
      known = expectProved('alice', answer, known);
    }
    const last = await query(bob, 'alice', known.treeSize);
    expect(last.statementCount).toBe(14);
    expectProved('alice', last, known);
    const head = await bob.device.call(0x59, { treeSize: known.treeSize });
    expect(verifyTreeHead(nativeCrypto, head.head, world.identity.signingPublicKey)?.treeSize).toBe(14);
  });

  it('C6: gives what follows an index, and no account that is not there', async () => {
    const { statements, statementCount } = await query(bob, 'alice', 0, 1);
    expect(statements).toEqual([alice.papers.statements[1]]);
    expect(statementCount).toBe(2);
    expect((await query(bob, 'alice', 0, 9)).statements).toEqual([]);
    await expect(query(bob, 'nobody')).rejects.toMatchObject({ code: 'E_NO_ACCOUNT' });
    await expect(query(bob, 'alice', 3)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
    await expect(bob.device.call(0x59, { treeSize: 3 })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
  });

  it('C6: lists names in order, a page at a time', async () => {
    for (const username of ['zoe', 'carol', 'b0b', 'al-ice']) await world.account(username);
    const pages: string[][] = [];
    for (let after: string | null = null; ;) {
      const page: AnswerOf<0x48> = await bob.device.call(0x48, { after, limit: 4 });
      const names = page.usernames.map((name) => utf8Decode(name) ?? '');
      pages.push(names);
      after = names.at(-1) ?? null;
      if (!page.hasMore) break;
    }
    expect(pages).toEqual([
      ['al-ice', 'alice', 'b0b', 'bob'],
      ['carol', 'zoe'],
    ]);
  });
});

describe('devices', () => {
  it('C4: one that is linked is listed after its statement, and has a queue', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    expect(await second.standing()).toBe('listed');
    expect((await world.items('alice-2')).map(({ kind }) => kind)).toEqual(['account']);
  });

  it('C4: a device that is not listed appends its own listing by the recovery key, and nothing else', async () => {
    const guest = world.device('alice-2');
    await guest.login('alice', PASSWORD);
    const append = (statement: Uint8Array) => guest.call(0x45, { statement });
    const { papers } = alice;
    for (const content of [
      { kind: 'profile', displayName: 'evil' },
      { kind: 'revoke-device', agentId: 'alice-1' },
      listing('alice-3', guest.keys),
      listing('alice-2', newKeys()),
    ] as const) {
      const statement = papers.append(content, papers.recovery);
      papers.statements.pop();
      await expect(append(statement)).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
    }
    await append(papers.append(listing('alice-2', guest.keys), papers.recovery));
    expect(await guest.standing()).toBe('listed');
  });

  it('A6, C5: revoked, its session, tokens, connection, key packages and queue are gone at once', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    const { accessToken } = await second.loginBySignature('alice');
    await second.call(0x4a, { keyPackages: [utf8Encode('one')], lastResort: utf8Encode('last') });
    const revoke = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await alice.device.call(0x45, { statement: revoke });
    expect(await second.standing()).toBe('E_NOT_LOGGED_IN');
    await eventually('its connection ends', () => world.cut.length === 1);
    expect(world.cut).toEqual(['alice-2']);
    expect(world.notes).toContainEqual({ action: 'device-revoked', fields: { agent: 'alice-2' } });
    await expect(world.messaging.sessions.readAccess(accessToken ?? '')).rejects.toMatchObject({
      code: 'E_NOT_LOGGED_IN',
    });
    await expect(second.loginBySignature('alice')).rejects.toMatchObject({ code: 'E_LOGIN_FAILED' });
    expect(await world.items('alice-2')).toEqual([]);
    const claim = bob.device.call(0x4b, { username: 'alice', devices: [utf8Encode('alice-2')] });
    await expect(claim).rejects.toMatchObject({ code: 'E_NO_KEY_PACKAGE' });
    await second.login('alice', PASSWORD);
    expect(await second.standing()).toBe('E_NOT_LISTED');
  });

  it('C5: a statement that comes again does nothing twice, least of all to a device that has another account since', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await alice.device.call(0x45, { statement });
    await second.register(new AccountPapers('carol', 'alice-2', second.keys));
    await second.call(0x4a, { keyPackages: [utf8Encode('one')], lastResort: null });
    const [notes, items] = [world.notes.length, await world.items('alice-1')];
    await alice.device.call(0x45, { statement });
    expect(await second.standing()).toBe('listed');
    expect(await world.messaging.messages.keyPackages.waiting('alice-2')).toBe(1);
    expect(world.notes).toHaveLength(notes);
    expect(await world.items('alice-1')).toHaveLength(items.length);
  });

  it.each([
    ['a crash', () => world.crash()],
    [
      'the next statement',
      () => alice.device.call(0x45, { statement: alice.papers.append({ kind: 'profile', displayName: 'Alice' }) }),
    ],
    [
      'a second, by itself',
      async () => {
        world.elapse(1_000);
        await eventually('that nothing is due', async () => (await dueFollowUps()).length === 0);
      },
    ],
  ])('A6, C5: a revocation that was stored and no more is carried out after %s', async (_, goOn) => {
    const second = await world.link(alice, '2', PASSWORD);
    await second.call(0x4a, { keyPackages: [utf8Encode('one')], lastResort: null });
    const { refreshToken } = await second.loginBySignature('alice');
    const told = async () => (await world.items('alice-1')).length;
    const before = await told();
    jest.spyOn(world.events, 'deleteQueue').mockRejectedValueOnce(new StorageError('E_STORE_FULL', 'full'));
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await expect(alice.device.call(0x45, { statement })).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    world.elapse(250);
    expect(world.cut).toEqual(['alice-2']);
    await goOn();
    expect(await world.events.queuesOf('alice-2')).toEqual([]);
    expect(await world.messaging.messages.keyPackages.waiting('alice-2')).toBe(0);
    expect(await told()).toBeGreaterThan(before);
    await expect(world.messaging.sessions.renew(refreshToken ?? '')).rejects.toMatchObject({ code: 'E_NOT_LOGGED_IN' });
    expect(await dueFollowUps()).toEqual([]);
  });

  it('A6: what fails again and again is tried less and less often, up to every five minutes, until it works', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    const deleting = jest
      .spyOn(world.events, 'deleteQueue')
      .mockRejectedValue(new StorageError('E_STORE_FULL', 'full'));
    const delays = () => world.delays.filter((ms) => ms >= 1_000 && ms <= 300_000);
    const before = delays().length;
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await expect(alice.device.call(0x45, { statement })).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    for (let count = 1; count <= 11; count++) {
      await eventually('another attempt is due', () => delays().length === before + count);
      world.elapse(delays().at(-1) ?? 0);
    }
    const expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1_000);
    expect(delays().slice(before, before + 11)).toEqual(expected);
    await eventually('another attempt is due', () => delays().length === before + 12);
    expect(await second.standing()).toBe('E_NOT_LOGGED_IN');
    deleting.mockRestore();
    world.elapse(300_000);
    await eventually('that nothing is due', async () => (await dueFollowUps()).length === 0);
    expect(await world.events.queuesOf('alice-2')).toEqual([]);
    expect(world.notes.filter(({ action }) => action === 'device-revoked')).toHaveLength(1);
  });

  it('A6: a device that revokes itself has the answer before its connection ends, however long the disk takes', async () => {
    const gate = Promise.withResolvers<boolean>();
    jest.spyOn(world.events, 'deleteQueue').mockReturnValueOnce(gate.promise);
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-1' }, alice.papers.recovery);
    const revoked = alice.device.call(0x45, { statement });
    await eventually('that the disk is at it', () => jest.mocked(world.events.deleteQueue).mock.calls.length === 1);
    world.elapse(60_000);
    expect(world.cut).toEqual([]);
    gate.resolve(true);
    expect(await revoked).toMatchObject({ id: 0x4f });
    world.elapse(250);
    expect(world.cut).toEqual(['alice-1']);
  });

  it('A6: a revocation waits for no device that could not be listed whole', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    jest.spyOn(world.events, 'openQueue').mockRejectedValue(new StorageError('E_STORE_FULL', 'full'));
    await expect(world.link(alice, '3', PASSWORD)).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await expect(alice.device.call(0x45, { statement })).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    expect(await second.standing()).toBe('E_NOT_LOGGED_IN');
    expect(await world.events.queuesOf('alice-2')).toEqual([]);
    world.elapse(250);
    expect(world.cut).toEqual(['alice-2']);
  });

  it('A6: what was not carried out of a revocation when the account ends goes with the account', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    await second.call(0x4a, { keyPackages: [utf8Encode('one')], lastResort: null });
    jest.spyOn(world.events, 'deleteQueue').mockRejectedValueOnce(new StorageError('E_STORE_FULL', 'full'));
    const statement = alice.papers.append({ kind: 'revoke-device', agentId: 'alice-2' });
    await expect(alice.device.call(0x45, { statement })).rejects.toMatchObject({ code: 'E_STORE_FULL' });
    await alice.device.call(0x44, { password: PASSWORD, newPassword: null, endsAccount: true });
    expect(await world.events.queuesOf('alice-2')).toEqual([]);
    expect(await world.messaging.messages.keyPackages.waiting('alice-2')).toBe(0);
  });

  it('C5: what a device signs after it was revoked counts for nothing', async () => {
    const second = await world.link(alice, '2', PASSWORD);
    const { papers } = alice;
    await second.call(0x45, { statement: papers.append({ kind: 'revoke-device', agentId: 'alice-1' }, second.keys) });
    const statement = papers.append({ kind: 'profile', displayName: 'late' });
    papers.statements.pop();
    await expect(second.call(0x45, { statement })).rejects.toMatchObject({ code: 'E_BAD_STATEMENT' });
    expect(await alice.device.standing()).toBe('E_NOT_LOGGED_IN');
  });

  it('C4: sixteen devices, and no more', async () => {
    for (let index = 2; index <= 16; index++) await world.link(alice, String(index), PASSWORD);
    await expect(world.link(alice, '17', PASSWORD)).rejects.toMatchObject({ code: 'E_BAD_STATEMENT' });
    expectProved('alice', await query(bob, 'alice'));
  });

  it('C7: the devices of an account and those who share a group with it are told when its log grows', async () => {
    const carol = await world.account('carol');
    const group = new Uint8Array(16).fill(7);
    await bob.device.call(0x4d, {
      ...{ group, epoch: 0, write: 1, messageId: new Uint8Array(16).fill(1), commit: utf8Encode('commit') },
      ...{ commitBlob: null, welcome: utf8Encode('welcome'), welcomeBlob: null, groupInfoBlob: null },
      ...{ added: [utf8Encode('alice-1')], removed: [], isExternal: false },
    });
    const statement = alice.papers.append({ kind: 'profile', displayName: 'Alice' });
    await alice.device.call(0x45, { statement });
    const told = { kind: 'account', username: 'alice', statementCount: 3 };
    expect((await world.items('bob-1')).at(-1)).toMatchObject(told);
    expect((await world.items('alice-1')).at(-1)).toMatchObject(told);
    expect(await world.items(carol.device.agentId)).toEqual([]);
    expect(statementHash(nativeCrypto, statement)).toEqual(
      (verifyAccountLog(nativeCrypto, alice.papers.statements) as { state: { hash: Uint8Array } }).state.hash,
    );
  });
});

describe('presence', () => {
  const seen = async (username: string) => {
    const { presence, lastSeenAt } = await query(bob, username);
    return { presence, isKnown: lastSeenAt > 0 };
  };

  it('C8: is shown as the account chose: to nobody, to those who share a group, to everybody', async () => {
    await alice.device.standing();
    const set = (visibility: number) => alice.device.call(0x56, { visibility });
    expect(await seen('alice')).toEqual({ presence: 0, isKnown: false });
    await set(2);
    expect(await seen('alice')).toEqual({ presence: 2, isKnown: true });
    await set(0);
    expect(await seen('alice')).toEqual({ presence: 0, isKnown: false });
    await set(2);
    alice.device.leave();
    await eventually('the time of its end', async () => (await seen('alice')).isKnown);
    expect(await seen('alice')).toEqual({ presence: 1, isKnown: true });
    const { lastSeenAt } = await query(bob, 'alice');
    expect(Math.abs(Date.now() - lastSeenAt)).toBeLessThan(10_000);
  });

  it('C8: a device that has nothing to say stays online while the log of its account grows', async () => {
    await alice.device.call(0x56, { visibility: 2 });
    const second = await world.link(alice, '2', PASSWORD);
    await second.standing();
    const say = (displayName: string) =>
      second.call(0x45, { statement: alice.papers.append({ kind: 'profile', displayName }, second.keys) });
    await say('Alice');
    second.leave();
    expect((await seen('alice')).presence).toBe(2);
    await alice.device.call(0x43, { everywhere: true });
    await eventually('it is away', async () => (await seen('alice')).presence === 1);
  });

  it('C8: an account is online as long as one of its devices is', async () => {
    await alice.device.call(0x56, { visibility: 2 });
    const second = await world.link(alice, '2', PASSWORD);
    await second.standing();
    alice.device.leave();
    expect((await seen('alice')).presence).toBe(2);
    second.leave();
    expect((await seen('alice')).presence).toBe(1);
  });
});
