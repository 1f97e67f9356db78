import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { World } from './world.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

describe('chats of two accounts', () => {
  test('D1: a message to a new contact arrives, is answered, and reaches the states sent, delivered and read', async () => {
    const alice = await world.account('alice');
    const bob = await world.account('bobby');
    await bob.client.sync();
    const chat = await alice.client.conversationWith('bobby');
    const sent = await alice.client.sendAndWait(chat, { text: 'Hello Bob' });
    expect(sent.state).toBe('sent');
    await world.until('bob has it', async () => (await bob.texts('@alice')).includes('Hello Bob'));
    const [message] = await bob.client.messages('@alice', { limit: 10 });
    expect(message).toMatchObject({
      id: sent.id,
      from: { user: 'alice', device: 'alice-1' },
      group: null,
      state: 'decrypted',
    });
    await alice.client.sync();
    await world.until('delivered', async () => (await alice.client.message(sent.id))?.state === 'delivered');
    await bob.client.markRead('@alice', message?.order ?? 0);
    await world.until('read', async () => (await alice.client.message(sent.id))?.state === 'read');
    await bob.client.send('@alice', { text: 'Hello Alice', replyTo: sent.id });
    await world.until('answer', async () => (await alice.texts('@bobby')).includes('Hello Alice'));
    expect(alice.troubles).toEqual([]);
    expect(bob.troubles).toEqual([]);
    for (const body of world.server.sealedSeen) expect(Buffer.from(body).includes('Hello')).toBe(false);
  });
});
