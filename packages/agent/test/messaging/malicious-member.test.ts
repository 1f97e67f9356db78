/**
 * A member of a group that lies, with the help of the server: it has the keys of the group, and a device that is listed. It speaks for
 * itself, and for nobody else.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { fromHex, toHex } from '@sealane/shared/bytes';
import { decodeItem, type Item } from '@sealane/shared/items';
import { encodeContent, type KnownContent } from '@sealane/e2ee/content';
import { Attacker } from './attacker.ts';
import { MaliciousWorld, groupStatesOf, madeUp, membersOf } from './malicious-world.ts';
import type { TestDevice } from './world.ts';

jest.setTimeout(60_000);

let world: MaliciousWorld;
beforeEach(() => {
  world = new MaliciousWorld();
});
afterEach(() => world.dispose());

interface Garden {
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  readonly mallory: Attacker;
  readonly conversation: string;
  readonly group: Uint8Array;
  readonly epoch: number;
}

/** Alice and Bob have a chat, and a group in which the attacker is. */
async function garden(): Promise<Garden> {
  const [alice, bob] = await world.pair();
  const mallory = await Attacker.withAccount(world.server, 'mallory');
  await mallory.isThere(world.server);
  const { conversation, group: name } = await alice.client.createGroup('garden', ['bobby', 'mallory']);
  await world.say(alice, conversation, 'in the garden', bob);
  const group = fromHex(name) ?? new Uint8Array(0);
  const present = (): number => world.server.groups.get(name)?.epoch ?? 0;
  const isWithAll = async (): Promise<boolean> => {
    await mallory.catchUp(world.server);
    return (await mallory.epochOf(group)) === present();
  };
  await world.say(bob, conversation, 'me too', alice);
  // Who joined renews its keys.
  for (const { client } of [alice, bob]) await client.sync();
  await world.until('the attacker follows', isWithAll);
  return { alice, bob, mallory, conversation, group, epoch: present() };
}

/** A content with an id of its own, or of another one. */
function contentOf(fields: Pick<KnownContent, 'kind' | 'body'> & Partial<KnownContent>): Uint8Array {
  const base = { id: new Uint8Array(randomBytes(16)), at: Date.now(), expiresAfter: 0 };
  return encodeContent({ ...base, ...fields });
}

describe('a member that lies, with the help of the server', () => {
  test('E11, 2.2: whoever a message is said to be of, it is of the device whose keys signed it', async () => {
    const { alice, bob, mallory, conversation, group, epoch } = await garden();
    const forged = contentOf({ kind: 'text', body: { text: 'I am Alice' } });
    const own = contentOf({ kind: 'text', body: { text: 'I am Mallory' } });
    const [asAlice, asMallory] = [await mallory.sealAs('alice-1', group, forged), await mallory.seal(group, own)];
    await world.deliver(bob, madeUp('message', { group, epoch }, asAlice));
    await world.deliver(bob, madeUp('message', { group, epoch }, asMallory.message));
    const texts = async (): Promise<readonly string[]> =>
      (await bob.client.latest(100)).flatMap(({ body, from, conversation: chat }) =>
        body.startsWith('I am') ? [`${body}: ${from.user} ${from.device} ${chat}`] : [],
      );
    expect(await texts()).toEqual([`I am Mallory: mallory mallory-1 ${conversation}`]);
    const last = (await bob.client.messages(conversation, { limit: 100 })).filter(({ state }) => state === 'lost');
    expect(last.map(({ body, reason, from }) => [body, reason, from.user])).toEqual([['', 'forged', '']]);
    expect(groupStatesOf(bob)).toEqual([]);
    // The same bytes, as if they were of the chat of Alice and Bob, and of a group that nobody knows.
    const [direct = group] = world.groupIds.filter((id) => toHex(id) !== toHex(group));
    for (const other of [direct, new Uint8Array(randomBytes(16))]) {
      for (const body of [asAlice, asMallory.message])
        await world.deliver(bob, madeUp('message', { group: other, epoch }, body));
    }
    expect(await texts()).toEqual([`I am Mallory: mallory mallory-1 ${conversation}`]);
    // No key of Alice was used up by it.
    await world.say(alice, conversation, 'Alice, indeed', bob);
    await world.say(alice, '@bobby', 'and here', bob);
  });

  test('D8, D12, 2.2: it changes, takes back and answers for no message of others, in this chat or another', async () => {
    const { alice, bob, mallory, conversation, group, epoch } = await garden();
    const inGroup = await alice.client.sendAndWait(conversation, { text: 'mine' });
    const inChat = await alice.client.sendAndWait('@bobby', { text: 'ours' });
    await world.until('both', async () => (await bob.client.message(inChat.id))?.body === 'ours');
    await world.until('both', async () => (await bob.client.message(inGroup.id))?.body === 'mine');
    const of = (device: TestDevice) =>
      Promise.all(
        [inGroup, inChat].map(async ({ id }) => ({ ...(await device.client.message(id)), at: 0, state: '' })),
      );
    const before = [await of(alice), await of(bob)];
    for (const { id } of [inGroup, inChat]) {
      const ref = fromHex(id) ?? new Uint8Array(0);
      const contents = [
        contentOf({ kind: 'edit', ref, body: { text: 'theirs' } }),
        contentOf({ kind: 'delete', ref, body: {} }),
        contentOf({ kind: 'text', id: ref, body: { text: 'theirs' } }),
        contentOf({ kind: 'receipts', body: { status: 'read', messages: [ref] } }),
      ];
      for (const content of contents) {
        const { message } = await mallory.seal(group, content);
        for (const device of [alice, bob]) await world.deliver(device, madeUp('message', { group, epoch }, message));
      }
    }
    const { message } = await mallory.seal(
      group,
      contentOf({ kind: 'text', body: { text: 'it is a member all the same' } }),
    );
    await world.deliver(bob, madeUp('message', { group, epoch }, message));
    expect(await bob.texts(conversation)).toContain('it is a member all the same');
    expect([await of(alice), await of(bob)]).toEqual(before);
    expect((await bob.client.latest(100)).filter(({ body }) => body === 'theirs')).toEqual([]);
    // That it has read them itself is not what Bob has said.
    for (const { id } of [inGroup, inChat]) expect((await alice.client.message(id))?.state).not.toBe('read');
  });

  test('E2, E6, 2.2: under the id of a message that waits, or comes later, it takes no place away without a word', async () => {
    const { alice, bob, mallory, conversation, group, epoch } = await garden();
    await world.account('carol');
    world.server.isHolding = true;
    await alice.client.addMembers(conversation, ['carol']);
    const waits = await alice.client.sendAndWait(conversation, { text: 'waits' });
    const later = await alice.client.sendAndWait(conversation, { text: 'later' });
    const held = world.server.queue('bobby-1').items.splice(0);
    const items = held.map((bytes) => decodeItem(bytes)).filter((item) => item !== undefined);
    const idOf = (item: Item): string => ('messageId' in item ? toHex(item.messageId) : '');
    const reuse = async (id: string): Promise<void> => {
      const content = contentOf({ kind: 'text', id: fromHex(id)!, body: { text: 'theirs' } });
      const { message } = await mallory.seal(group, content);
      await world.deliver(bob, madeUp('message', { group, epoch }, message));
    };
    const lost = async () =>
      (await bob.client.messages(conversation, { limit: 9 }))
        .filter(({ state }) => state === 'lost')
        .map(({ from, reason }) => [from.user, reason]);
    await world.deliver(bob, ...items.filter((item) => idOf(item) === waits.id));
    await reuse(waits.id);
    expect(await bob.client.message(waits.id)).toMatchObject({ state: 'waiting', from: { user: '' } });
    expect(await lost()).toEqual([['mallory', 'id-taken']]);
    await reuse(later.id);
    await world.deliver(bob, ...items.filter((item) => idOf(item) !== waits.id));
    await world.until('waits', async () => (await bob.client.message(waits.id))?.state === 'decrypted');
    expect(await bob.client.message(waits.id)).toMatchObject({ body: 'waits', from: { user: 'alice' } });
    await world.until('later', async () => (await lost()).length === 2);
    expect(await lost()).toEqual([
      ['mallory', 'id-taken'],
      ['alice', 'id-taken'],
    ]);
  });

  test('D5, 2.2: once it is removed nothing that the server has brings it back, and it reads nothing that follows', async () => {
    const { alice, bob, mallory, conversation, group } = await garden();
    const stateWithIt = world.groupInfoOf(group);
    await alice.client.removeMembers(conversation, ['mallory']);
    const row = world.server.groups.get(toHex(group));
    if (row === undefined) throw new Error('no group');
    // The server goes on to deliver to it, and takes whatever it commits.
    row.devices.add('mallory-1');
    await expect(mallory.intrude(group, world.groupInfoOf(group))).rejects.toThrow('refused');
    const { commit } = await mallory.intrude(group, stateWithIt);
    for (const device of [alice, bob])
      for (const epoch of [row.epoch - 1, row.epoch])
        await world.deliver(device, madeUp('commit', { group, epoch }, commit));
    const before = world.server.sealedSeen.length;
    await world.say(alice, conversation, 'without it', bob);
    await world.say(bob, conversation, 'at last', alice);
    const since = world.server.sealedSeen.slice(before);
    expect(since.length).toBeGreaterThan(1);
    expect(await mallory.opens(group, since)).toBe(0);
    await mallory.catchUp(world.server);
    expect(await mallory.opens(group, since)).toBe(0);
    for (const device of [alice, bob]) expect(await membersOf(device, conversation)).toEqual(['alice', 'bobby']);
  });
});
