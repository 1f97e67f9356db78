import { cpSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { TestDevice, World } from './world.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

describe('devices of an account', () => {
  test('C11: a linked device gets what is sent to the account and what its other device sends; it cannot read what was before', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await bob.client.sync();
    await alice.client.sync();
    const chat = await alice.client.conversationWith('bobby');
    await alice.client.sendAndWait(chat, { text: 'before' });
    await world.until('before', async () => (await bob.texts('@alice')).includes('before'));
    const second = await world.linked(bob, 'bobby-2');
    expect((await bob.client.devices.list()).map(({ agentId, state }) => [agentId, state])).toEqual([
      ['bobby-1', 'listed'],
      ['bobby-2', 'listed'],
    ]);
    await alice.client.sendAndWait(chat, { text: 'after' });
    await world.until('second has it', async () => (await second.texts('@alice')).includes('after'));
    await world.until('first has it', async () => (await bob.texts('@alice')).includes('after'));
    expect(await second.texts('@alice')).toEqual(['after']);
    await bob.client.sendAndWait('@alice', { text: 'from the first' });
    await world.until('own', async () => (await second.texts('@alice')).includes('from the first'));
    const own = (await second.client.messages('@alice', { limit: 10 })).at(-1);
    expect(own).toMatchObject({ isOwn: true, from: { user: 'bobby', device: 'bobby-1' } });
    // Whether a receipt of alice came before it was looked at is a matter of time.
    expect(['sent', 'delivered']).toContain(own?.state);
    expect(world.devices.flatMap(({ troubles }) => troubles)).toEqual([]);
  });

  test('A6: a revoked device reads nothing that is sent afterwards', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    const chat = await alice.client.conversationWith('bobby');
    const second = await world.linked(bob, 'bobby-2');
    await alice.client.sendAndWait(chat, { text: 'for both' });
    await world.until('second has it', async () => (await second.texts('@alice')).includes('for both'));
    await bob.client.devices.revoke('bobby-2');
    await alice.client.sendAndWait(chat, { text: 'for one' });
    await world.until('first has it', async () => (await bob.texts('@alice')).includes('for one'));
    const members = await alice.client.members(chat);
    expect(members.flatMap(({ devices }) => devices.map(({ id }) => id)).sort()).toEqual(['alice-1', 'bobby-1']);
    expect(await second.texts('@alice')).toEqual(['for both']);
  });

  test('E9: a copied data directory is found out, and nothing more is sent with it', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await bob.client.sync();
    const chat = await alice.client.conversationWith('bobby');
    await alice.client.sendAndWait(chat, { text: 'one' });
    await alice.client.close();
    const copy = new TestDevice(world.server, 'alice-1', world.directory());
    cpSync(alice.directory, copy.directory, { recursive: true });
    world.devices.push(copy);
    await copy.open();
    await alice.open();
    await copy.client.sendAndWait(chat, { text: 'from the copy' });
    await expect(alice.client.sendAndWait(chat, { text: 'from the original' })).rejects.toMatchObject({
      code: 'E_DEVICE_CLONED',
    });
    await expect(alice.client.send(chat, { text: 'again' })).rejects.toMatchObject({ code: 'E_DEVICE_CLONED' });
    await expect(alice.restart().then((client) => client.send(chat, { text: 'again' }))).rejects.toMatchObject({
      code: 'E_DEVICE_CLONED',
    });
  });

  test('C5: after all devices are lost the recovery key lists a new one, which chats on', async () => {
    const lost = await world.device('alice-1');
    const { recoveryKey } = await lost.client.accounts.register('alice', { password: 'correct horse' });
    const bob = await world.account('bobby');
    await bob.client.sync();
    await lost.client.sendAndWait(await lost.client.conversationWith('bobby'), { text: 'old device' });
    await world.until('bob has it', async () => (await bob.texts('@alice')).includes('old device'));
    await lost.client.close();
    const fresh = await world.device('alice-2');
    expect(await fresh.client.accounts.login('alice', { password: 'correct horse' })).toEqual({ isListed: false });
    await expect(fresh.client.conversationWith('bobby')).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
    await fresh.client.accounts.recover(recoveryKey);
    await fresh.client.sync();
    await bob.client.sendAndWait('@alice', { text: 'welcome back' });
    await world.until('fresh has it', async () => (await fresh.texts('@bobby')).includes('welcome back'));
    await fresh.client.sendAndWait('@bobby', { text: 'thanks' });
    await world.until('bob has it', async () => (await bob.texts('@alice')).includes('thanks'));
  });

  test('C3: logged out, nothing is sent; logged in again by its key, the device goes on', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await bob.client.sync();
    const chat = await alice.client.conversationWith('bobby');
    await alice.client.accounts.logout();
    await expect(alice.client.sendAndWait(chat, { text: 'no' })).rejects.toMatchObject({ code: 'E_NOT_LOGGED_IN' });
    await expect(alice.client.accounts.login('alice', { password: 'wrong' })).rejects.toMatchObject({
      code: 'E_LOGIN_FAILED',
    });
    await alice.client.accounts.login('alice');
    await alice.client.flush();
    await world.until('bob has it', async () => (await bob.texts('@alice')).includes('no'));
  });
});
