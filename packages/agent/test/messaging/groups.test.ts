import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { World, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

async function three(): Promise<readonly [TestDevice, TestDevice, TestDevice]> {
  const devices = [await world.account('alice'), await world.account('bobby'), await world.account('carol')] as const;
  await Promise.all(devices.map(({ client }) => client.sync()));
  return devices;
}

describe('groups', () => {
  test('D5: a member who is added reads what follows and not what was before, one who is removed the other way round', async () => {
    const [alice, bob, carol] = await three();
    const { conversation, group } = await alice.client.createGroup('team', ['bobby']);
    await alice.client.sendAndWait(conversation, { text: 'one' });
    await world.until('bob: one', async () => (await bob.texts(conversation)).includes('one'));
    expect((await bob.client.conversation(conversation))?.name).toBe('team');
    await alice.client.addMembers(conversation, ['carol']);
    await alice.client.sendAndWait(conversation, { text: 'two' });
    await world.until('carol: two', async () => (await carol.texts(conversation)).includes('two'));
    expect(await carol.texts(conversation)).toEqual(['two']);
    await world.until('carol: name', async () => (await carol.client.conversation(conversation))?.name === 'team');
    const [message] = await carol.client.messages(conversation, { limit: 1 });
    expect(message).toMatchObject({ group, from: { user: 'alice', device: 'alice-1' } });
    await carol.client.sendAndWait(conversation, { text: 'three' });
    await world.until('bob: three', async () => (await bob.texts(conversation)).includes('three'));
    await alice.client.removeMembers(conversation, ['bobby']);
    await alice.client.sendAndWait(conversation, { text: 'four' });
    await world.until('carol: four', async () => (await carol.texts(conversation)).includes('four'));
    await world.until('bob knows', () =>
      bob.events.some((event) => event.type === 'group-state' && event.state === 'removed'),
    );
    expect(await bob.texts(conversation)).toEqual(['one', 'two', 'three']);
    await expect(bob.client.send(conversation, { text: 'still here' })).rejects.toMatchObject({ code: 'E_NO_GROUP' });
    expect(world.devices.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  test('D5: who leaves is removed by another member', async () => {
    const [alice, bob, carol] = await three();
    const { conversation } = await alice.client.createGroup('team', ['bobby', 'carol']);
    await world.until('carol is in', async () => (await carol.client.groups()).length === 1);
    await carol.client.leaveGroup(conversation);
    await world.until('carol is out', async () => (await alice.client.members(conversation)).length === 2);
    await bob.client.sendAndWait(conversation, { text: 'without carol' });
    await world.until('alice has it', async () => (await alice.texts(conversation)).includes('without carol'));
    expect(await carol.texts(conversation)).toEqual([]);
  });

  test('E3: commits of several devices at once: one wins, the others are made again, and all agree', async () => {
    const [alice, bob, carol] = await three();
    await Promise.all(['david', 'emily', 'frank'].map((name) => world.account(name)));
    const { conversation } = await alice.client.createGroup('team', ['bobby', 'carol']);
    await world.until(
      'all in',
      async () => (await bob.client.groups()).length + (await carol.client.groups()).length === 2,
    );
    await Promise.all([
      alice.client.addMembers(conversation, ['david']),
      bob.client.addMembers(conversation, ['emily']),
      carol.client.addMembers(conversation, ['frank']),
    ]);
    for (const device of [alice, bob, carol]) {
      await world.until('all know all', async () => (await device.client.members(conversation)).length === 6);
    }
    for (const device of world.devices) await device.client.sync();
    await bob.client.sendAndWait(conversation, { text: 'hello all' });
    for (const device of world.devices.filter((each) => each !== bob)) {
      await world.until(`${device.agentId} has it`, async () =>
        (await device.texts(conversation)).includes('hello all'),
      );
    }
  });

  test('D1: both sides begin a chat at once and end in one conversation', async () => {
    const [alice, bob] = await three();
    await Promise.all([alice.client.conversationWith('bobby'), bob.client.conversationWith('alice')]);
    await Promise.all([
      alice.client.sendAndWait('@bobby', { text: 'from alice' }),
      bob.client.sendAndWait('@alice', { text: 'from bob' }),
    ]);
    await world.until('bob', async () => (await bob.texts('@alice')).length === 2);
    await world.until('alice', async () => (await alice.texts('@bobby')).length === 2);
    await alice.client.sendAndWait('@bobby', { text: 'second' });
    await world.until('bob: second', async () => (await bob.texts('@alice')).includes('second'));
    expect((await bob.client.conversations()).filter(({ lastAt }) => lastAt > 0)).toHaveLength(1);
  });
});
