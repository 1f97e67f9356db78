import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { equalBytes, fromHex } from '@sealane/shared/bytes';
import { ProtocolError } from '@sealane/shared/errors';
import { decodeItem, encodeItem } from '@sealane/shared/items';
import { SqliteStorage } from '@sealane/e2ee/sqlite';
import { World, ofNoState, type TestDevice } from './world.ts';

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

/** A file whose upload is cut in the middle. @returns `parts`, how many of it were sent so far. */
async function cutUpload(alice: TestDevice, chat: string) {
  const source = join(alice.directory, 'picture.bin');
  const content = randomBytes(700_000);
  writeFileSync(source, content);
  let parts = 0;
  world.server.onCall = (_, id, when) => {
    if (id === 0x53 && when === 'before' && ++parts === 5) throw new ProtocolError('E_CLOSED', 'cut');
  };
  await expect(alice.client.sendFile(chat, source)).rejects.toMatchObject({ code: 'E_CLOSED' });
  return { source, content, parts: () => parts };
}

describe('messages when things go wrong', () => {
  test('D1: a client that ends waits for no connection, whatever is under way, and keeps what was not sent', async () => {
    const [alice, bob, chat] = await pair();
    // As that of an agent: until there is a connection, or the caller gives up.
    const begun = Promise.withResolvers<undefined>();
    const waiting = (_id: number, _fields: object, options?: { readonly signal?: AbortSignal }): Promise<never> =>
      new Promise((_resolve, reject) => {
        options?.signal?.addEventListener('abort', () => reject(new ProtocolError('E_CANCELLED')));
        begun.resolve(undefined);
      });
    const { call } = alice.connection;
    Object.assign(alice.connection, { isConnected: false, call: waiting });
    const sent = alice.client.sendAndWait(chat, { text: 'two' });
    await begun.promise;
    await Promise.all([alice.client.close(), expect(sent).rejects.toMatchObject({ code: 'E_CANCELLED' })]);
    Object.assign(alice.connection, { isConnected: true, call });
    await alice.open();
    await alice.client.sync();
    await world.until('two', async () => (await bob.texts('@alice')).includes('two'));
    expect(await bob.texts('@alice')).toEqual(['first', 'two']);
  });

  test('D1: what is written without a connection goes out in order once there is one, also after a restart', async () => {
    const [alice, bob, chat] = await pair();
    alice.connection.isConnected = false;
    for (const text of ['two', 'three', 'four']) await alice.client.send(chat, { text });
    expect((await alice.states(chat)).slice(-3)).toEqual(['sending', 'sending', 'sending']);
    await alice.restart();
    alice.connection.isConnected = true;
    await alice.client.sync();
    await world.until('all', async () => (await bob.texts('@alice')).length === 4);
    expect(await bob.texts('@alice')).toEqual(['first', 'two', 'three', 'four']);
    expect((await alice.states(chat)).slice(-3).every((state) => state === 'sent' || state === 'delivered')).toBe(true);
  });

  test('E8: answers that are lost lead to no message twice, and none is missing', async () => {
    const [alice, bob, chat] = await pair();
    let count = 0;
    world.server.onCall = (agentId, id, when) => {
      const isWrite = agentId === 'alice-1' && (id === 0x4e || id === 0x4d);
      if (isWrite && ++count % 3 === 0) throw new ProtocolError('E_TRUNCATED', `${when} call ${id}`);
    };
    const texts = Array.from({ length: 12 }, (_, index) => `text ${index}`);
    for (const text of texts) await alice.client.sendAndWait(chat, { text });
    world.server.onCall = undefined;
    await world.until('all', async () => (await bob.texts('@alice')).length === 13);
    expect(await bob.texts('@alice')).toEqual(['first', ...texts]);
  });

  test('E6: messages that come before their Welcome and their commits wait, and are shown in the end', async () => {
    const [alice, bob, chat] = await pair();
    const carol = await world.account('carol');
    await carol.client.sync();
    world.server.isHolding = true;
    const { conversation } = await alice.client.createGroup('late', ['bobby']);
    await alice.client.sendAndWait(conversation, { text: 'one' });
    await alice.client.addMembers(conversation, ['carol']);
    await alice.client.sendAndWait(conversation, { text: 'two' });
    await alice.client.sendAndWait(chat, { text: 'direct' });
    world.server.release('bobby-1', { isReversed: true });
    await world.until(
      'bob',
      async () =>
        (await bob.texts(conversation)).length === 2 &&
        (await bob.states(conversation)).every((state) => state === 'decrypted'),
    );
    expect([...(await bob.texts(conversation))].sort()).toEqual(['one', 'two']);
    await world.until('direct', async () => (await bob.texts('@alice')).includes('direct'));
    world.server.release('carol-1', { isReversed: true });
    await world.until('carol', async () => (await carol.texts(conversation)).includes('two'));
    expect(await carol.texts(conversation)).toEqual(['two']);
  });

  test('E2: a device whose groups are lost joins again where a verified member vouches, and asks its user elsewhere', async () => {
    const [alice, bob, chat] = await pair();
    await bob.client.safetyNumber('alice');
    await bob.client.confirmSafetyNumber('alice');
    await loseGroups(bob);
    await alice.client.sendAndWait(chat, { text: 'unreadable' });
    await bob.client.sync();
    await world.until('healed', () =>
      bob.events.some((event) => event.type === 'group-state' && event.state === 'healed'),
    );
    await alice.client.sendAndWait(chat, { text: 'readable' });
    await world.until('readable', async () => (await bob.texts('@alice')).includes('readable'));
    await bob.client.sendAndWait('@alice', { text: 'I am back' });
    await world.until('back', async () => (await alice.texts(chat)).includes('I am back'));
    await loseGroups(alice);
    await bob.client.sendAndWait('@alice', { text: 'to nobody' });
    await alice.client.sync();
    await world.until('asking', () =>
      alice.events.some((event) => event.type === 'group-state' && event.state === 'asking'),
    );
    await alice.client.healGroup(chat);
    await alice.client.sendAndWait(chat, { text: 'by my own wish' });
    await world.until('again', async () => (await bob.texts('@alice')).includes('by my own wish'));
  });

  test('E2: a message that somebody made up costs a question, and the chat goes on', async () => {
    const [alice, bob, chat] = await pair();
    world.server.isHolding = true;
    await alice.client.sendAndWait(chat, { text: 'second' });
    const { items } = world.server.queue('bobby-1');
    const item = items.map(decodeItem).find((each) => each?.kind === 'message');
    if (item?.kind !== 'message' || item.body === undefined) throw new Error('the message is not in the queue');
    items.unshift(encodeItem({ ...item, body: ofNoState(item.body), messageId: randomBytes(16) }));
    items.push(encodeItem({ ...item, epoch: item.epoch + 1, messageId: randomBytes(16) }));
    world.server.release('bobby-1');
    const states = (): readonly string[] =>
      bob.events.flatMap((event) => (event.type === 'group-state' ? [event.state] : []));
    await world.until('healed', () => states().includes('healed'));
    expect(states()).toEqual(['healing', 'healed']);
    await bob.client.sendAndWait('@alice', { text: 'as ever' });
    await world.until('as ever', async () => (await alice.texts(chat)).includes('as ever'));
    const lost = (await bob.client.messages('@alice', { limit: 9 })).filter(({ state }) => state === 'lost');
    expect(lost.map(({ reason }) => reason)).toEqual(['forged', 'malformed']);
    expect(await bob.texts('@alice')).toEqual(expect.arrayContaining(['first', 'second', 'as ever']));
  });

  test('E2, E14: a commit that is none costs a question; where the server stays silent, the next commit settles it', async () => {
    const [alice, bob, chat] = await pair();
    const states = (): readonly string[] =>
      bob.events.flatMap((event) => (event.type === 'group-state' ? [event.state] : []));
    const [known] = [...world.server.groups.values()];
    await world.until('tended', () => known?.epoch === 2);
    await bob.client.sync();
    const forge = (): void => {
      const [group = ''] = world.server.groups.keys();
      const place = { group: fromHex(group)!, epoch: known!.epoch, messageId: randomBytes(16), sequence: 99 };
      const item = { kind: 'commit', at: Date.now(), ...place, body: randomBytes(200) } as const;
      world.server.queue('bobby-1').items.push(encodeItem(item));
      world.server.release('bobby-1');
    };
    forge();
    await world.until('healed', () => states().length === 2);
    const { groupInfoBlob } = known!;
    known!.groupInfoBlob = [...world.server.blobs]
      .map(([id]) => fromHex(id)!)
      .find((id) => !equalBytes(id, groupInfoBlob!))!;
    forge();
    await world.until('asking', () => states().includes('asking'));
    await bob.client.send('@alice', { text: 'held back' });
    await world.linked(alice, 'alice-2');
    await world.until('settled', async () => (await alice.texts(chat)).includes('held back'));
    expect(states()).toEqual(['healing', 'healed', 'healing', 'asking', 'healed']);
  });

  test('E7: a device that nobody has added for a month can be added, though its key packages are over', async () => {
    const bob = await world.account('bobby');
    const alice = await world.device('alice-1');
    alice.now = () => Date.now() - 29 * 86_400_000;
    await alice.client.accounts.register('alice', { password: 'correct horse' });
    alice.now = Date.now;
    await Promise.all([alice.client.sync(), bob.client.sync()]);
    let claims = 0;
    world.server.onCall = (_, id, when) => {
      if (id === 0x4b && when === 'before') claims++;
    };
    const chat = await bob.client.conversationWith('alice');
    await bob.client.sendAndWait(chat, { text: 'long time no see' });
    await world.until('read', async () => (await alice.texts('@bobby')).includes('long time no see'));
    expect(claims).toBeGreaterThan(10);
  });

  test('D6: a file arrives whole, its upload and its download go on where they were cut', async () => {
    const [alice, bob, chat] = await pair();
    const { content, parts } = await cutUpload(alice, chat);
    expect((await alice.client.messages(chat, { limit: 1 }))[0]).toMatchObject({ kind: 'file', state: 'sending' });
    await alice.restart();
    await alice.client.sync();
    expect(parts()).toBeLessThan(16);
    await world.until('file', async () => (await bob.texts('@alice')).includes('picture.bin'));
    const [message] = await bob.client.messages('@alice', { limit: 1 });
    expect(message?.file).toEqual({ name: 'picture.bin', sizeBytes: 700_000, contentType: 'application/octet-stream' });
    const target = join(bob.directory, 'saved.bin');
    let reads = 0;
    world.server.onCall = (_, id, when) => {
      if (id === 0x54 && when === 'before' && ++reads === 6) throw new ProtocolError('E_CLOSED', 'cut');
    };
    await expect(bob.client.saveFile(message?.id ?? '', target)).rejects.toMatchObject({ code: 'E_CLOSED' });
    expect(existsSync(target)).toBe(false);
    const before = reads;
    await bob.client.saveFile(message?.id ?? '', target);
    expect(readFileSync(target).equals(content)).toBe(true);
    expect(reads - before).toBeLessThan(9);
    await expect(bob.client.saveFile(message?.id ?? '', target)).rejects.toMatchObject({ code: 'E_FILE_EXISTS' });
  });

  test('D6: a file that was changed under a cut upload is not sealed again under its key', async () => {
    const [alice, , chat] = await pair();
    const { source, content, parts } = await cutUpload(alice, chat);
    content[10]! ^= 1;
    writeFileSync(source, content);
    await alice.restart();
    await alice.client.sync();
    const last = async () => (await alice.client.messages(chat, { limit: 1 }))[0];
    await world.until('failed', async () => (await last())?.state === 'failed');
    expect([await last(), parts()]).toMatchObject([{ reason: 'E_FILE_CHANGED' }, 5]);
  });

  test('E5: a device that was away for many epochs catches up', async () => {
    const [alice, bob, chat] = await pair();
    await bob.client.close();
    for (let round = 0; round < 6; round++) {
      await alice.client.sendAndWait(chat, { text: `epoch ${round}` });
      await world.linked(alice, `alice-${round + 2}`);
    }
    await bob.open();
    await bob.client.sync();
    expect(await bob.texts('@alice')).toEqual(['first', ...Array.from({ length: 6 }, (_, round) => `epoch ${round}`)]);
  });
});

/** As after the loss of the tables of the engine, and of nothing else. */
async function loseGroups(device: TestDevice): Promise<void> {
  await device.client.close();
  const storage = await SqliteStorage.open(join(device.directory, 'messages.db'));
  await storage.transaction(async (tx) => {
    for (const name of ['groups', 'states', 'epochs', 'ratchets', 'pending', 'removed']) {
      await tx.deleteRange(`mls.${name}`, {});
    }
  });
  await storage.close();
  await device.open();
}
