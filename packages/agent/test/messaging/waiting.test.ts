/** Messages that came before what they depend on: in the end they are as if they had come in order. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import type { Storage, Transaction } from '@sealane/e2ee/storage';
import { toHex } from '@sealane/shared/bytes';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { decodeItem, encodeItem } from '@sealane/shared/items';
import { tables } from '../../src/messaging/tables.ts';
import { World, ofNoState, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

const LIFE_S = 3_600;

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** Alice with two devices and Bob, in a group. */
async function team() {
  const alice = await world.account('alice');
  const [bob, tablet] = [await world.account('bobby'), await world.linked(alice, 'alice-2')];
  for (const { client } of [alice, bob, tablet]) await client.sync();
  const { conversation } = await alice.client.createGroup('team', ['bobby']);
  await alice.client.sendAndWait(conversation, { text: 'first' });
  await world.until('first', async () =>
    (await Promise.all([bob, tablet].map((each) => each.texts(conversation)))).every((texts) =>
      texts.includes('first'),
    ),
  );
  const [group] = [...world.server.groups.values()];
  // Who joined has renewed its keys.
  await world.until('tended', () => group?.epoch === 3);
  for (const { client } of [alice, bob, tablet]) await client.sync();
  return { alice, bob, tablet, conversation };
}

const last = async ({ client }: TestDevice, conversation: string) =>
  (await client.messages(conversation, { limit: 9 })).findLast(({ kind }) => kind !== 'event');

/** Waits until a device shows a text, and nothing waits there any more. */
async function settled(device: TestDevice, conversation: string, text: string): Promise<void> {
  await world.until(text, async () => {
    const isWaiting = (await device.states(conversation)).includes('waiting');
    return !isWaiting && (await device.texts(conversation)).includes(text);
  });
}

/** The storage of a process that ends right after it has written something, and told that. */
class MortalStorage implements Storage {
  readonly #inner: Storage;
  readonly #isWritten: (tx: Transaction) => Promise<boolean>;
  isDead = false;

  constructor(inner: Storage, isWritten: (tx: Transaction) => Promise<boolean>) {
    this.#inner = inner;
    this.#isWritten = isWritten;
  }

  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (this.isDead) throw killed();
    const result = await this.#inner.transaction(work);
    this.isDead ||= await this.#inner.transaction(this.#isWritten);
    return result;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

function killed(): StorageError {
  return new StorageError('E_STORAGE', 'killed');
}

/** Has the process of a device end once something is written. @returns what resolves when it is ended. */
async function endOnce(device: TestDevice, isWritten: (tx: Transaction) => Promise<boolean>) {
  await device.client.close();
  let storage: MortalStorage | undefined;
  await device.open((inner) => (storage = new MortalStorage(inner, isWritten)));
  await device.client.listen();
  return async (): Promise<void> => {
    await world.until('the end', () => storage?.isDead === true);
    await device.client.close().catch(() => undefined);
  };
}

/** As after the loss of the tables of the engine, and of the chats. */
async function loseChats(device: TestDevice): Promise<void> {
  const storage = await SqliteStorage.open(join(device.directory, 'messages.db'));
  await storage.transaction(async (tx) => {
    for (const name of ['groups', 'states', 'epochs', 'ratchets', 'pending', 'removed']) {
      await tx.deleteRange(`mls.${name}`, {});
    }
    await tx.deleteRange('conversations', {});
  });
  await storage.close();
}

describe('messages that wait', () => {
  test('E6, E8: what comes of the epoch that an own commit began is shown once that is known to be taken', async () => {
    const { alice, bob, conversation } = await team();
    await world.account('carol');
    let isCut = false;
    world.server.onCall = (agentId, id, when) => {
      if (agentId !== 'alice-1' || (id !== 0x4d && !isCut)) return;
      if (when === 'after') isCut = true;
      if (isCut) throw new ProtocolError('E_TRUNCATED', 'cut');
    };
    await expect(alice.client.addMembers(conversation, ['carol'])).rejects.toMatchObject({ code: 'E_TRUNCATED' });
    await world.until('carol', async () =>
      (await bob.client.members(conversation)).some(({ username }) => username === 'carol'),
    );
    await bob.client.sendAndWait(conversation, { text: 'with carol' });
    await world.until('waiting', async () => (await last(alice, conversation))?.state === 'waiting');
    world.server.onCall = undefined;
    await alice.client.flush();
    await alice.client.sync();
    await settled(alice, conversation, 'with carol');
  });

  test('E6, E8: what waited is shown also where the device ends right after it has taken the commit', async () => {
    const { bob, tablet, conversation } = await team();
    await world.account('carol');
    const ended = await endOnce(bob, async (tx) =>
      (await tx.list('mls.groups', {})).some(({ epoch }) => Number(epoch) > 3),
    );
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    await tablet.client.sendAndWait(conversation, { text: 'late' });
    world.server.release('bobby-1', { isReversed: true });
    await ended();
    await bob.open();
    await bob.client.sync();
    await settled(bob, conversation, 'late');
  });

  test('E2, E8: what somebody made up is known as that also where the device ends right after it has looked', async () => {
    const { alice, bob, conversation } = await team();
    let hasLooked = false;
    const ended = await endOnce(bob, async (tx) => {
      const [row] = await tables.groups.list(tx);
      hasLooked ||= row?.state === 'healing';
      return hasLooked && row?.state === 'active';
    });
    world.server.isHolding = true;
    await alice.client.sendAndWait(conversation, { text: 'genuine' });
    const { items } = world.server.queue('bobby-1');
    const item = items.map(decodeItem).find((each) => each?.kind === 'message');
    if (item?.kind !== 'message' || item.body === undefined) throw new Error('the message is not in the queue');
    const messageId = randomBytes(16);
    items.unshift(encodeItem({ ...item, body: ofNoState(item.body), messageId }));
    world.server.release('bobby-1');
    await ended();
    await bob.open();
    await bob.client.sync();
    await settled(bob, conversation, 'genuine');
    await world.until('known', async () => (await bob.client.message(toHex(messageId)))?.state === 'lost');
  });

  test('E2, E8: a group that is joined again is whole and said so also where the device ends right after that', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    for (const { client } of [alice, bob]) await client.sync();
    const chat = await alice.client.conversationWith('bobby');
    await alice.client.sendAndWait(chat, { text: 'first' });
    await world.until('first', async () => (await bob.texts('@alice')).includes('first'));
    await bob.client.safetyNumber('alice');
    await bob.client.confirmSafetyNumber('alice');
    const [group] = [...world.server.groups.values()];
    await world.until('tended', () => group?.epoch === 2);
    for (const { client } of [alice, bob]) await client.sync();
    await bob.client.close();
    await loseChats(bob);
    const hasJoined = async (tx: Transaction): Promise<boolean> => {
      const [row] = await tables.groups.list(tx);
      return row?.state === 'active' && (await tx.list('mls.groups', {})).length > 0;
    };
    const ended = await endOnce(bob, hasJoined);
    const { id } = await alice.client.sendAndWait(chat, { text: 'unreadable' });
    await ended();
    const states = bob.events.flatMap((event) => (event.type === 'group-state' ? [event.state] : []));
    expect(states).toEqual(['healing', 'healed']);
    await bob.open();
    expect(await bob.client.conversation('@alice')).toMatchObject({ kind: 'direct', username: 'alice' });
    expect(await bob.client.message(id)).toMatchObject({ state: 'lost', reason: 'epoch-gone' });
    await bob.client.sync();
    await alice.client.sendAndWait(chat, { text: 'readable' });
    await settled(bob, '@alice', 'readable');
  });

  test('E6, D2, D13: a message that waited for its commit is told of, counted and expires like any other', async () => {
    const { alice, bob, tablet, conversation } = await team();
    await world.account('carol');
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    await tablet.client.sendAndWait(conversation, { text: 'mine', expiresAfterSeconds: LIFE_S });
    world.server.release('alice-1', { isReversed: true });
    world.server.release('bobby-1', { isReversed: true });
    for (const device of [alice, bob]) await settled(device, conversation, 'mine');
    const unreadOf = async ({ client }: TestDevice) => (await client.conversation(conversation))?.unread;
    expect([await unreadOf(alice), await unreadOf(bob)]).toEqual([0, 2]);
    const from = Date.now();
    await bob.client.markRead(conversation, 1_000_000);
    for (const [device, isOwn] of [
      [alice, true],
      [bob, false],
    ] as const) {
      const message = await last(device, conversation);
      expect(message).toMatchObject({ body: 'mine', isOwn, isRead: true, from: { user: 'alice', device: 'alice-2' } });
      expect(message?.expiresAt).toBeGreaterThan(from);
      expect(await device.client.conversation(conversation)).toMatchObject({ lastText: 'mine', unread: 0 });
    }
  });

  test('E6, D8: what was edited or deleted before it could be read is so in the end, whatever came first', async () => {
    const { bob, tablet, conversation } = await team();
    await world.account('carol');
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    const draft = await tablet.client.sendAndWait(conversation, { text: 'draft' });
    const slip = await tablet.client.sendAndWait(conversation, { text: 'slip' });
    await tablet.client.edit(draft.id, 'final');
    await tablet.client.delete(slip.id);
    await tablet.client.flush();
    world.server.release('bobby-1', { isReversed: true });
    await settled(bob, conversation, 'final');
    expect(await bob.client.message(draft.id)).toMatchObject({ body: 'final', state: 'decrypted' });
    expect(await bob.client.message(slip.id)).toMatchObject({ body: '', isDeleted: true });
  });

  test('E6, D13: what was seen while it waited is unread once it can be read, and lives from then on', async () => {
    const { bob, tablet, conversation } = await team();
    await world.account('carol');
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    const { id } = await tablet.client.sendAndWait(conversation, { text: 'unseen', expiresAfterSeconds: LIFE_S });
    const { items } = world.server.queue('bobby-1');
    const all = items.splice(0);
    const isCommit = (bytes: Uint8Array): boolean => decodeItem(bytes)?.kind === 'commit';
    items.push(...all.filter((bytes) => !isCommit(bytes)));
    world.server.release('bobby-1');
    await world.until('waiting', async () => (await bob.client.message(id))?.state === 'waiting');
    await bob.client.markRead(conversation, 1_000_000);
    items.push(...all.filter(isCommit));
    world.server.release('bobby-1');
    await settled(bob, conversation, 'unseen');
    expect(await bob.client.message(id)).toMatchObject({ body: 'unseen', isRead: false, expiresAt: undefined });
    expect(await bob.client.conversation(conversation)).toMatchObject({ unread: 1 });
    await bob.client.markRead(conversation, 1_000_000);
    expect((await bob.client.message(id))?.expiresAt).toBeGreaterThan(Date.now());
  });

  test('E6, E2: a message that waits and comes again under another id is shown once, and nothing goes on waiting', async () => {
    const { bob, tablet, conversation } = await team();
    await world.account('carol');
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    const { id } = await tablet.client.sendAndWait(conversation, { text: 'once' });
    const { items } = world.server.queue('bobby-1');
    const index = items.findIndex((bytes) => {
      const item = decodeItem(bytes);
      return item?.kind === 'message' && toHex(item.messageId) === id;
    });
    const item = decodeItem(items[index]!);
    if (item?.kind !== 'message') throw new Error('the message is not in the queue');
    // Reversed, it comes behind the message and before the commit.
    items.splice(index, 0, encodeItem({ ...item, messageId: randomBytes(16) }));
    world.server.release('bobby-1', { isReversed: true });
    await settled(bob, conversation, 'once');
    expect(await bob.texts(conversation)).toEqual(['first', 'once']);
  });

  test('E6, E2: an item of another chat under the id of a message that waits does not take its place away', async () => {
    const { alice, bob, tablet, conversation } = await team();
    await world.account('carol');
    const direct = await alice.client.conversationWith('bobby');
    await alice.client.sendAndWait(direct, { text: 'hello' });
    await world.until('hello', async () => (await bob.texts('@alice')).includes('hello'));
    world.server.isHolding = true;
    await tablet.client.addMembers(conversation, ['carol']);
    const { id } = await tablet.client.sendAndWait(conversation, { text: 'waits' });
    await alice.client.sendAndWait(direct, { text: 'meanwhile' });
    const { items } = world.server.queue('bobby-1');
    const all = items.splice(0).map((bytes) => ({ bytes, item: decodeItem(bytes) }));
    const commits = all.filter(({ item }) => item?.kind === 'commit').map(({ bytes }) => bytes);
    const messages = all.flatMap(({ item }) => (item?.kind === 'message' ? [item] : []));
    const waits = messages.find(({ messageId }) => toHex(messageId) === id);
    const other = messages.find(({ group }) => toHex(group) !== toHex(waits!.group));
    const disguised = encodeItem({ ...other!, messageId: waits!.messageId });
    // It can be read the first time, and is a repetition the second time.
    items.push(encodeItem(waits!), disguised, disguised.slice());
    world.server.release('bobby-1');
    await world.until('taken', () => items.length === 0);
    expect(await bob.texts('@alice')).toEqual(['hello', 'meanwhile']);
    expect(await bob.client.message(id)).toMatchObject({ state: 'waiting', conversation });
    items.push(...commits);
    world.server.release('bobby-1');
    await settled(bob, conversation, 'waits');
  });

  test('E6, E2: nor does another item of the same chat: one that can be read, a repetition, or one that is none', async () => {
    const { alice, bob, tablet, conversation } = await team();
    await world.account('carol');
    world.server.isHolding = true;
    const { id: otherId } = await alice.client.sendAndWait(conversation, { text: 'meanwhile' });
    await tablet.client.addMembers(conversation, ['carol']);
    const { id } = await tablet.client.sendAndWait(conversation, { text: 'waits' });
    const { items } = world.server.queue('bobby-1');
    const all = items.splice(0).map((bytes) => ({ bytes, item: decodeItem(bytes) }));
    const commits = all.filter(({ item }) => item?.kind === 'commit').map(({ bytes }) => bytes);
    const messages = all.flatMap(({ item }) => (item?.kind === 'message' ? [item] : []));
    const [waits, other] = [id, otherId].map((each) => messages.find(({ messageId }) => toHex(messageId) === each));
    const disguised = { ...other!, messageId: waits!.messageId };
    items.push(encodeItem(waits!));
    for (const item of [disguised, disguised, { ...disguised, epoch: disguised.epoch + 1 }]) {
      items.push(encodeItem(item));
      world.server.release('bobby-1');
      await world.until('taken', () => items.length === 0);
      expect(await bob.client.message(id)).toMatchObject({ state: 'waiting', conversation });
    }
    expect((await bob.texts(conversation)).filter((text) => text !== '')).toEqual(['first', 'meanwhile']);
    items.push(...commits);
    world.server.release('bobby-1');
    await settled(bob, conversation, 'waits');
  });
});
