/**
 * A server that lies about groups, with valid keys of an attacker: whole clients refuse it or show it, and nothing is sealed for
 * it. Lies about people, messages and files: malicious-server.test.ts.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { toHex } from '@sealane/shared/bytes';
import { decodeItem, encodeItem, type Item } from '@sealane/shared/items';
import { Attacker } from './attacker.ts';
import { MaliciousWorld, groupStatesOf, madeUp, membersOf } from './malicious-world.ts';
import type { TestDevice } from './world.ts';

jest.setTimeout(60_000);

const NOTHING: Uint8Array = new Uint8Array(0);

let world: MaliciousWorld;
beforeEach(() => {
  world = new MaliciousWorld();
});
afterEach(() => world.dispose());

describe('a server that lies about groups', () => {
  test('2.2, E2: a Welcome of its own in place of that of a peer leads to no chat with the peer, and reads nothing', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    const mallory = await Attacker.withAccount(world.server, 'mallory');
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    world.server.isHolding = true;
    await alice.client.sendAndWait(await alice.client.conversationWith('bobby'), { text: 'for bob alone' });
    const [id = NOTHING] = world.groupIds;
    // Same id, same kind, made for bob's own key package, signed by a listed device: valid in all but who made it.
    const forged = await mallory.invite(id, [await world.keyPackageOf('bobby')]);
    const queue = world.server.queue('bobby-1');
    const at = queue.items.findIndex((bytes) => decodeItem(bytes)?.kind === 'welcome');
    queue.items[at] = encodeItem(madeUp('welcome', { group: id, epoch: 1 }, forged.welcome ?? NOTHING));
    world.server.release('bobby-1');
    await world.until('joined', async () => (await bob.client.conversations()).length > 0);
    await world.until('asking', () => groupStatesOf(bob).length > 0);
    expect((await bob.client.conversations()).map(({ id: chat }) => chat)).toEqual(['@mallory']);
    expect(await bob.client.latest(9)).not.toContainEqual(expect.objectContaining({ state: 'decrypted' }));
    expect(groupStatesOf(bob)[0]).toBe('healing');
    // What bob writes to alice goes to alice.
    await world.say(bob, '@alice', 'is this you?', alice);
    expect(await mallory.opens(id, world.server.sealedSeen)).toBe(0);
  });

  test('2.2, E2: a Welcome into a chat that is known, of whoever is listed, changes nothing', async () => {
    const [alice, bob] = await world.pair();
    const mallory = await Attacker.withAccount(world.server, 'mallory');
    const [id = NOTHING] = world.groupIds;
    const forged = await mallory.invite(id, [await world.keyPackageOf('bobby')]);
    await world.deliver(bob, madeUp('welcome', { group: id, epoch: 9 }, forged.welcome ?? NOTHING));
    await world.say(bob, '@alice', 'as ever', alice);
    await world.say(alice, '@bobby', 'as ever, too', bob);
    expect(await membersOf(bob, '@alice')).toEqual(['alice', 'bobby']);
    expect((await bob.client.conversations()).map(({ id: chat }) => chat)).toEqual(['@alice']);
    expect(await mallory.opens(id, world.server.sealedSeen)).toBe(0);
  });

  test.each([
    ['another device of a member', 'bobby-9'],
    ['the device of a member, with another key', 'bobby-1'],
  ])('2.2, E2: a ghost that joins by itself as %s is followed by nobody, and reads nothing', async (_, agentId) => {
    const [alice, bob] = await world.pair();
    const { conversation } = await alice.client.createGroup('garden', ['bobby']);
    await world.say(alice, conversation, 'in the garden', bob);
    const state = world.server.accounts.get('bobby')?.state;
    if (state === undefined) throw new Error('no account');
    const ghost = new Attacker({ accountId: state.accountId, username: 'bobby', agentId });
    for (const group of world.groupIds) {
      const epoch = world.server.groups.get(toHex(group))?.epoch ?? 0;
      const { commit } = await ghost.intrude(group, world.groupInfoOf(group));
      for (const device of [alice, bob]) await world.deliver(device, madeUp('commit', { group, epoch }, commit));
    }
    const before = world.server.sealedSeen.length;
    await world.say(alice, '@bobby', 'still between us', bob);
    await world.say(bob, conversation, 'still in the garden', alice);
    for (const device of [alice, bob]) {
      for (const chat of [conversation, device === alice ? '@bobby' : '@alice']) {
        const devices = (await device.client.members(chat)).flatMap((member) => member.devices.map(({ id }) => id));
        expect(devices.sort()).toEqual(['alice-1', 'bobby-1']);
      }
    }
    const since = world.server.sealedSeen.slice(before);
    expect(since.length).toBeGreaterThan(1);
    for (const group of world.groupIds) expect(await ghost.opens(group, since)).toBe(0);
  });

  test('2.2, E7: a key package that is handed out twice opens one group; of the other its user is asked', async () => {
    const [alice, bob, carol] = [
      await world.account('alice'),
      await world.account('bobby'),
      await world.account('carol'),
    ];
    await Promise.all([alice, bob, carol].map(({ client }) => client.sync()));
    let first: object | undefined;
    world.server.lie = ({ id, fields, honest }) => {
      const isOfBob = id === 0x4b && (fields as { readonly username: string }).username === 'bobby';
      if (!isOfBob) return honest();
      return (first ??= honest());
    };
    await world.say(alice, '@bobby', 'first', bob);
    await carol.client.conversationWith('bobby');
    await carol.client.sendAndWait('@bobby', { text: 'second' });
    await world.until('bob is asked', () => groupStatesOf(bob).includes('asking'));
    // What Carol wrote has its place, and cannot be read.
    const read = (await bob.client.latest(9)).filter(({ state }) => state === 'decrypted');
    expect(read.map(({ body }) => body)).toEqual(['first']);
    await world.say(alice, '@bobby', 'third', bob);
  });

  test('E12, E14: what is of one kind is nothing as another, and costs neither its keys nor the chat', async () => {
    const [alice, bob] = await world.pair();
    const carol = await world.account('carol');
    await carol.client.sync();
    const { conversation, group: name } = await alice.client.createGroup('garden', ['bobby']);
    await world.until('joined', () => world.server.groups.get(name)?.epoch === 2);
    await world.say(alice, conversation, 'before', bob);
    world.server.isHolding = true;
    await alice.client.sendAndWait(conversation, { text: 'sealed' });
    await alice.client.addMembers(conversation, ['carol']);
    const kinds = ['message', 'commit', 'welcome'] as const;
    const items = kinds.flatMap((kind) => world.held(kind === 'welcome' ? 'carol-1' : 'bobby-1', kind));
    expect(new Set(items.map(({ kind }) => kind)).size).toBe(kinds.length);
    const confused = items.flatMap((item) =>
      kinds
        .filter((kind) => kind !== item.kind)
        .map((kind) => ({ ...item, kind, messageId: new Uint8Array(randomBytes(16)) }) as Item),
    );
    // Before what they are copies of, and after it.
    const queue = world.server.queue('bobby-1');
    queue.items.unshift(...confused.map(encodeItem));
    await world.deliver(bob, ...confused);
    await world.until('sealed', async () => (await bob.texts(conversation)).includes('sealed'));
    world.server.release('carol-1');
    await world.say(bob, conversation, 'after', alice, carol);
    await world.say(alice, conversation, 'after, too', bob, carol);
    expect(bob.troubles).toEqual([]);
    expect((await bob.texts(conversation)).filter((text) => text !== '')).toEqual([
      'before',
      'sealed',
      'after',
      'after, too',
    ]);
  });

  test('2.2, E2: a fork: two members whose commits both count are told apart by the first message, and nothing is shown of it', async () => {
    const { alice, bob, carol, conversation } = await fork();
    // What bob says to his side is what shows it; it is in no state that alice has a reason to believe.
    await world.until('alice sees it', () => groupStatesOf(alice).includes('asking'));
    expect(groupStatesOf(alice)).toEqual(['healing', 'asking']);
    const sends = world.sendsOf('alice-1');
    await expect(alice.client.sendAndWait(conversation, { text: 'to whom?' })).rejects.toMatchObject({
      code: 'E_FORK',
    });
    expect(sends()).toBe(0);
    expect((await alice.client.messages(conversation, { limit: 9 })).at(-1)).toMatchObject({ state: 'sending' });
    // Her user has asked bob, and wants it.
    await alice.client.healGroup(conversation);
    await world.say(alice, conversation, 'all of us', bob, carol);
    await world.say(bob, conversation, 'with dora', alice, carol);
    expect(await membersOf(alice, conversation)).toEqual(['alice', 'bobby', 'carol', 'dora']);
  });

  test('2.2, E2: a fork in which each is shown its own state again: what the other says is shown as lost', async () => {
    const { alice, bob, conversation } = await fork(({ groupInfo }) => {
      world.server.lie = ({ agentId, id, honest }) =>
        id === 0x50 && agentId === 'alice-1' ? { ...honest(), groupInfoBlob: groupInfo } : honest();
    });
    await world.until('alice looked', () => groupStatesOf(alice).includes('healed'));
    const [toBob, toAlice] = [
      await alice.client.sendAndWait(conversation, { text: 'for bob' }),
      await bob.client.sendAndWait(conversation, { text: 'for alice' }),
    ];
    for (const device of [alice, bob]) {
      const lost = async (): Promise<boolean> => (await device.states(conversation)).includes('lost');
      await world.until(`${device.agentId} shows what is lost`, lost);
      expect(await device.texts(conversation)).not.toContain(device === alice ? 'for alice' : 'for bob');
    }
    // Nor does either look as if the other had it.
    for (const device of [alice, bob]) await device.client.flush();
    expect((await alice.client.message(toBob.id))?.state).toBe('sent');
    expect((await bob.client.message(toAlice.id))?.state).toBe('sent');
  });
});

interface Fork {
  readonly alice: TestDevice;
  readonly bob: TestDevice;
  readonly carol: TestDevice;
  readonly conversation: string;
}

/**
 * A group of three; Alice and Bob are both told that their commit ended the epoch, and are never shown the other one. Carol is left to
 * Bob's side, as is the state that the server shows.
 *
 * @param onForked is told the state of Alice's side before Bob's messages are delivered.
 */
async function fork(
  onForked: (side: { readonly groupInfo: Uint8Array | null }) => void = () => undefined,
): Promise<Fork> {
  const [alice, bob] = await world.pair();
  const carol = await world.account('carol');
  await carol.client.sync();
  await world.account('dora');
  const { conversation, group: name } = await alice.client.createGroup('garden', ['bobby', 'carol']);
  const group = world.server.groups.get(name);
  if (group === undefined) throw new Error('no group');
  // Who joined renews its keys at once.
  await world.until('both have joined', () => group.epoch === 3);
  await world.say(alice, conversation, 'before', bob, carol);
  await world.say(bob, conversation, 'before, too', alice, carol);
  world.server.isHolding = true;
  await alice.client.removeMembers(conversation, ['carol']);
  const groupInfo = group.groupInfoBlob;
  group.epoch--;
  group.commits.pop();
  group.devices.add('carol-1');
  await bob.client.addMembers(conversation, ['dora']);
  const ofAlice = world.held('bobby-1', 'commit');
  const ofBob = world.held('alice-1', 'commit');
  expect([ofAlice.length, ofBob.length]).toEqual([1, 1]);
  world.withhold('bobby-1', ofAlice);
  world.withhold('alice-1', ofBob);
  world.withhold('carol-1', [...ofAlice, ...world.held('carol-1', 'removed')]);
  onForked({ groupInfo });
  for (const agentId of ['alice-1', 'bobby-1', 'carol-1']) world.server.release(agentId);
  return { alice, bob, carol, conversation };
}
