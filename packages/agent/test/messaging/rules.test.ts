import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { applyStatement, nextStatement, type AccountState } from '@sealane/shared/accounts';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { RecoveryKey, parseRecoveryText } from '@sealane/e2ee/keys';
import { systemRandom } from '@sealane/node/transport';
import { World, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

async function pair(): Promise<readonly [TestDevice, TestDevice, string]> {
  const alice = await world.account('alice');
  const bob = await world.account('bobby');
  await Promise.all([alice.client.sync(), bob.client.sync()]);
  const chat = await alice.client.conversationWith('bobby');
  await alice.client.sendAndWait(chat, { text: 'first' });
  await world.until('first', async () => (await bob.texts('@alice')).includes('first'));
  return [alice, bob, chat];
}

describe('rules of conversations', () => {
  test('D8, D12: edits, deletions and reactions count on every device, and only from whom they may', async () => {
    const [alice, bob, chat] = await pair();
    const sent = await alice.client.sendAndWait(chat, { text: 'helo' });
    await world.until('helo', async () => (await bob.texts('@alice')).includes('helo'));
    await alice.client.edit(sent.id, 'hello');
    await world.until('edited', async () => (await bob.client.message(sent.id))?.body === 'hello');
    await bob.client.react(sent.id, '👍');
    await world.until('reaction', async () => (await alice.client.message(sent.id))?.reactions['bobby'] === '👍');
    await bob.client.react(sent.id, '');
    await world.until(
      'no reaction',
      async () => (await alice.client.message(sent.id))?.reactions['bobby'] === undefined,
    );
    await expect(bob.client.edit(sent.id, 'forged')).rejects.toMatchObject({ code: 'E_USAGE' });
    await expect(bob.client.delete(sent.id)).rejects.toMatchObject({ code: 'E_USAGE' });
    await alice.client.delete(sent.id);
    await world.until('deleted', async () => (await bob.client.message(sent.id))?.isDeleted === true);
    expect((await bob.client.message(sent.id))?.body).toBe('');
    expect(await bob.client.search('hello')).toEqual([]);
    expect(await bob.client.search('FIRST')).toHaveLength(1);
  });

  test('D11: typing is told to who is there, and stored nowhere', async () => {
    const [alice, bob, chat] = await pair();
    const before = world.server.groups.size;
    alice.client.setTyping(chat, true);
    await world.until('typing', () =>
      bob.events.some((event) => event.type === 'typing' && event.isTyping && event.username === 'alice'),
    );
    expect(world.server.groups.size).toBe(before);
    expect(await bob.texts('@alice')).toEqual(['first']);
  });

  test('D7: offer, answer, candidates and end of a call go from device to device, and the server sees none of it', async () => {
    const [alice, bob, chat] = await pair();
    const second = await world.linked(bob, 'bobby-2');
    const told = (device: TestDevice): unknown[] =>
      device.events.flatMap((event) => (event.type === 'call' ? [[event.from.user, event.isOwn, event.signal]] : []));
    const call = await alice.client.calls.offer(chat, { description: 'canary-description', isVideo: true });
    await world.until('offer', () => told(bob).length === 1 && told(second).length === 1);
    await bob.client.calls.answer('@alice', call, 'v=0 answer');
    await bob.client.calls.candidates('@alice', call, ['candidate:1 1 udp 1 192.0.2.1 9 typ host']);
    await world.until('answer', () => told(alice).length === 2 && told(second).length === 3);
    await alice.client.calls.end(chat, call, 'declined');
    await world.until('end', () => told(bob).length === 2 && told(second).length === 4);
    expect(told(second)).toEqual([
      ['alice', false, { kind: 'offer', call, description: 'canary-description', isVideo: true }],
      ['bobby', true, { kind: 'answer', call, description: 'v=0 answer' }],
      ['bobby', true, { kind: 'candidates', call, candidates: ['candidate:1 1 udp 1 192.0.2.1 9 typ host'] }],
      ['alice', false, { kind: 'end', call, reason: 'declined' }],
    ]);
    expect(await bob.texts('@alice')).toEqual(['first', 'video call', 'call ended: declined']);
    const seen = Buffer.concat(world.server.sealedSeen).includes('canary-description');
    expect([world.server.sealedSeen.length > 0, seen]).toEqual([true, false]);
    await expect(bob.client.calls.end('@alice', 'no id')).rejects.toMatchObject({ code: 'E_USAGE' });
  });

  test('D13, E17: a message whose time is over is gone, from the file too', async () => {
    const [alice, bob, chat] = await pair();
    await alice.client.sendAndWait(chat, { text: 'canary-of-a-short-life', expiresAfterSeconds: 60 });
    await world.until('it', async () => (await bob.texts('@alice')).includes('canary-of-a-short-life'));
    const [message] = await bob.client.messages('@alice', { limit: 1 });
    expect(message?.expiresAt).toBeUndefined();
    await bob.client.markRead('@alice', message?.order ?? 0);
    expect(await bob.client.sweep()).toBe(0);
    bob.now = () => Date.now() + 61_000;
    expect(await bob.client.sweep()).toBe(1);
    expect(await bob.texts('@alice')).toEqual(['first']);
    await bob.client.close();
    expect(readFileSync(join(bob.directory, 'messages.db')).includes('canary-of-a-short-life')).toBe(false);
    await bob.open();
  });

  test('E10: another identity of a verified contact stops sending until it is accepted', async () => {
    const alice = await world.account('alice');
    const bob = await world.device('bobby-1');
    const { recoveryKey } = await bob.client.accounts.register('bobby', { password: 'correct horse' });
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    const chat = await alice.client.conversationWith('bobby');
    const sent = await alice.client.sendAndWait(chat, { text: 'before' });
    const before = await alice.client.safetyNumber('bobby');
    expect(before.digits).toMatch(/^(\d{5} ){11}\d{5}$/);
    expect((await bob.client.safetyNumber('alice')).digits).toBe(before.digits);
    await alice.client.confirmSafetyNumber('bobby');
    await reset(recoveryKey);
    const after = await alice.client.safetyNumber('bobby');
    expect(after).toMatchObject({ trust: 'changed' });
    expect(after.digits).not.toBe(before.digits);
    const file = join(alice.directory, 'secret.txt');
    writeFileSync(file, 'secret');
    for (const say of [
      () => alice.client.send(chat, { text: 'to whom?' }),
      () => alice.client.edit(sent.id, 'to whom?'),
      () => alice.client.sendFile(chat, file),
      () => alice.client.calls.offer(chat, { description: 'v=0' }),
    ]) {
      await expect(say()).rejects.toMatchObject({ code: 'E_UNVERIFIED' });
    }
    await alice.client.acceptIdentity('bobby');
    await alice.client.sendAndWait(chat, { text: 'to you' });
    expect(await alice.texts(chat)).toEqual(['before', 'to you']);
  });

  test('E11: a directory that goes back is refused', async () => {
    const [alice, bob] = await pair();
    await world.linked(bob, 'bobby-2');
    await alice.client.safetyNumber('bobby');
    const account = world.server.accounts.get('bobby');
    account?.statements.pop();
    if (account !== undefined) account.state = stateOf(account.statements);
    await expect(alice.client.safetyNumber('bobby')).rejects.toMatchObject({ code: 'E_DIRECTORY_LIE' });
  });

  test('E11: a device finds out by itself that its account has another device, whatever the server keeps to itself', async () => {
    const alice = await world.device('alice-1');
    const { recoveryKey } = await alice.client.accounts.register('alice', { password: 'correct horse' });
    await alice.client.sync();
    await alice.client.close();
    const second = await world.device('alice-2');
    await second.client.accounts.login('alice', { password: 'correct horse' });
    await second.client.accounts.recover(recoveryKey);
    // The server does not tell the first device.
    world.server.queue('alice-1').items.length = 0;
    await alice.open();
    await alice.client.sync();
    const changes = (): number => alice.events.filter(({ type }) => type === 'account-changed').length;
    expect(changes()).toBe(0);
    alice.now = () => Date.now() + 7_200_000;
    await alice.restart();
    await alice.client.sync();
    expect(changes()).toBe(1);
    const checked: unknown[] = [];
    for await (const each of alice.client.checkDirectory()) checked.push(each);
    expect(checked).toEqual([{ username: 'alice', isOwn: true, statements: 3, added: 0 }]);
  });

  test('E11: a lie about one account keeps none of the others from being looked at', async () => {
    const [alice] = await pair();
    await world.account('carol');
    for (const name of ['bobby', 'carol']) await alice.client.safetyNumber(name);
    await world.linked(world.devices.at(-1)!, 'carol-2');
    const account = world.server.accounts.get('bobby')!;
    account.statements.pop();
    account.state = stateOf(account.statements);
    alice.now = () => Date.now() + 2 * 86_400_000;
    await alice.restart();
    await alice.client.sync();
    const lies = (): boolean => alice.troubles.some((trouble) => trouble.startsWith('E_DIRECTORY_LIE'));
    await world.until('the lie is told', lies);
    const changed = alice.events.flatMap((event) => (event.type === 'contact-changed' ? [event.username] : []));
    expect(changed).toContain('carol');
  });

  test('I7: an archive gives contacts and messages back under its passphrase, and no keys', async () => {
    const [alice, , chat] = await pair();
    await alice.client.sendAndWait(chat, { text: 'worth keeping' });
    await alice.client.safetyNumber('bobby');
    await alice.client.confirmSafetyNumber('bobby');
    const { bytes, summary } = await alice.client.archive.export('a long passphrase');
    expect(summary).toMatchObject({ username: 'alice', conversations: 1, messages: 2 });
    expect(Buffer.from(bytes).includes('worth keeping')).toBe(false);
    const fresh = await world.device('alice-9');
    await expect(fresh.client.archive.import(bytes, 'wrong')).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
    expect(await fresh.client.archive.import(bytes, 'a long passphrase')).toMatchObject({ messages: 2 });
    expect(await fresh.client.archive.import(bytes, 'a long passphrase')).toMatchObject({ messages: 0 });
    expect(await fresh.texts(chat)).toEqual(['first', 'worth keeping']);
    await expect(fresh.client.send(chat, { text: 'no' })).rejects.toMatchObject({ code: 'E_NO_ACCOUNT_HERE' });
  });
});

/** Bob's owner names another recovery key. */
async function reset(text: string): Promise<void> {
  const account = world.server.accounts.get('bobby');
  const parsed = parseRecoveryText(text);
  if (account === undefined || !parsed.ok) throw new Error('no account');
  const key = new RecoveryKey(nativeCrypto, parsed.secret);
  const content = {
    kind: 'reset',
    recoveryKey: RecoveryKey.generate(nativeCrypto, systemRandom).signingPublicKey,
  } as const;
  const statement = nextStatement(account.state, { content, at: Math.floor(Date.now() / 1_000) }, key);
  const [bob] = world.devices.filter(({ agentId }) => agentId === 'bobby-1');
  await bob?.connection.call(0x45, { statement });
}

function stateOf(statements: readonly Uint8Array[]): AccountState {
  let state: AccountState | undefined;
  const check = (bytes: Uint8Array) => {
    const result = applyStatement(nativeCrypto, state, bytes);
    if (!result.ok) throw new Error(result.fault.code);
    return result.state;
  };
  for (const bytes of statements) state = check(bytes);
  if (state === undefined) throw new Error('empty');
  return state;
}
