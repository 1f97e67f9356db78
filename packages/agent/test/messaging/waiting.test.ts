/** Messages that came before what they depend on: in the end they are as if they had come in order. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toHex } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import { decodeItem, encodeItem } from '@sealane/shared/items';
import { World, type TestDevice } from './world.ts';

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
});
