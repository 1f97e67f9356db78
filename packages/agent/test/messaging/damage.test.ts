/** Faults of one device's own: rows that cannot be read, items that cannot be taken. They keep nothing else from going on. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { encodeKey, type Key } from '@sealane/e2ee/storage';
import { decodeItem, encodeItem } from '@sealane/shared/items';
import { World, ofNoState, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(() => world.dispose());

/** Destroys rows of a device that is closed: all of a table, or the one at a key. @returns how many. */
function damage(device: TestDevice, table: string, key?: Key): number {
  const database = new DatabaseSync(join(device.directory, 'messages.db'));
  const where = key === undefined ? 'name = ?' : 'name = ? AND key = ?';
  const values = key === undefined ? [table] : [table, encodeKey(key)];
  const { changes } = database.prepare(`UPDATE rows SET row = x'0573746174' WHERE ${where}`).run(...values);
  database.close();
  return Number(changes);
}

async function pair(): Promise<readonly [TestDevice, TestDevice]> {
  const alice = await world.account('alice');
  const bob = await world.account('bobby');
  await Promise.all([alice.client.sync(), bob.client.sync()]);
  await alice.client.sendAndWait(await alice.client.conversationWith('bobby'), { text: 'first' });
  await world.until('first', async () => (await bob.texts('@alice')).includes('first'));
  return [alice, bob];
}

const tablesSetAside = (device: TestDevice): readonly string[] =>
  device.events.flatMap((event) => (event.type === 'set-aside' ? [event.table] : []));

describe('E2: a damaged database', () => {
  test('rows that cannot be read are set aside and said, the rest goes on, and no number is given twice', async () => {
    const [alice, bob] = await pair();
    for (const text of ['second', 'third']) await alice.client.sendAndWait('@bobby', { text });
    await world.until('three', async () => (await bob.texts('@alice')).length === 3);
    const [, second] = await bob.client.messages('@alice', { limit: 3 });
    await bob.client.close();
    expect(damage(bob, 'messages', ['@alice', second?.order ?? 0])).toBe(1);
    const whole = ['timeline', 'expiries', 'conversations', 'receipts', 'chores', 'values', 'waiting'];
    for (const table of whole) damage(bob, table);
    await bob.open();
    await bob.client.sync();
    await alice.client.sendAndWait('@bobby', { text: 'fourth' });
    await world.until('fourth', async () => (await bob.texts('@alice')).length === 4);
    const messages = await bob.client.latest(10);
    expect(messages.map(({ body, state, reason }) => [body, state, reason])).toEqual([
      ['first', 'decrypted', ''],
      ['', 'lost', 'E_DATA'],
      ['third', 'decrypted', ''],
      ['fourth', 'decrypted', ''],
    ]);
    expect(messages[1]?.id).toBe(second?.id);
    expect(tablesSetAside(bob)).toEqual(expect.arrayContaining(['messages', 'timeline', 'conversations', 'values']));
    expect((await bob.client.conversation('@alice'))?.lastText).toBe('fourth');
    await bob.client.sendAndWait('@alice', { text: 'I can still write' });
    await world.until('answer', async () => (await alice.texts('@bobby')).includes('I can still write'));
  });

  test('C8: whose log is damaged here is asked for anew; a verification is kept, and a shorter log is a lie', async () => {
    const [alice, bob] = await pair();
    await bob.client.safetyNumber('alice');
    await bob.client.confirmSafetyNumber('alice');
    await bob.client.close();
    const database = new DatabaseSync(join(bob.directory, 'messages.db'));
    const row = database.prepare("SELECT row FROM rows WHERE name = 'contacts' AND key = ?").get(encodeKey(['alice']));
    const bytes = Buffer.from(row?.['row'] as Uint8Array);
    // Within the log, whose bytes still are a column; its name with the length before it, as keys in the row are random.
    const log = bytes.indexOf('\u0003log') + 1;
    expect(log).toBeGreaterThan(0);
    bytes[log + 60] = (bytes[log + 60] ?? 0) ^ 1;
    database.prepare("UPDATE rows SET row = ? WHERE name = 'contacts' AND key = ?").run(bytes, encodeKey(['alice']));
    database.close();
    await bob.open();
    expect((await bob.client.safetyNumber('alice')).trust).toBe('verified');
    await bob.client.sync();
    await bob.client.sendAndWait('@alice', { text: 'still you' });
    await world.until('still', async () => (await alice.texts('@bobby')).includes('still you'));
  });

  test('a group whose state is damaged is joined again; others and their messages do not wait for it', async () => {
    const [alice, bob] = await pair();
    await bob.client.safetyNumber('alice');
    await bob.client.confirmSafetyNumber('alice');
    const { conversation } = await alice.client.createGroup('garden', ['bobby']);
    await world.until('joined', async () => (await bob.client.groups()).length === 1);
    await bob.client.close();
    // The chat with alice is the only one with two epochs' worth of rows left; all states are gone at once.
    for (const table of ['mls.epochs', 'mls.states', 'mls.ratchets']) expect(damage(bob, table)).toBeGreaterThan(0);
    await bob.open();
    await bob.client.sync();
    expect((await bob.client.groups()).map(({ name }) => name)).toEqual(['garden']);
    await alice.client.sendAndWait('@bobby', { text: 'seals what bob cannot open' });
    await alice.client.sendAndWait(conversation, { text: 'here too' });
    const healed = (): number =>
      bob.events.filter((event) => event.type === 'group-state' && event.state === 'healed').length;
    await world.until('healed', () => healed() >= 2);
    await bob.client.sendAndWait('@alice', { text: 'back' });
    await bob.client.sendAndWait(conversation, { text: 'back here' });
    await world.until('back', async () => (await alice.texts('@bobby')).includes('back'));
    await world.until('back here', async () => (await alice.texts(conversation)).includes('back here'));
  });

  test('a group whose state turns out to be damaged while it is looked at is joined again', async () => {
    const [alice, bob] = await pair();
    await bob.client.safetyNumber('alice');
    await bob.client.confirmSafetyNumber('alice');
    await bob.client.close();
    expect(damage(bob, 'mls.states')).toBeGreaterThan(0);
    world.server.isHolding = true;
    await alice.client.sendAndWait('@bobby', { text: 'second' });
    const { items } = world.server.queue('bobby-1');
    const item = items.map(decodeItem).find((each) => each?.kind === 'message');
    if (item?.kind !== 'message' || item.body === undefined) throw new Error('the message is not in the queue');
    items.unshift(encodeItem({ ...item, body: ofNoState(item.body), messageId: randomBytes(16) }));
    world.server.release('bobby-1');
    await bob.open();
    await bob.client.sync();
    await bob.client.sendAndWait('@alice', { text: 'back' });
    await world.until('back', async () => (await alice.texts('@bobby')).includes('back'));
  });

  test('the account is never set aside: the device says that it is damaged', async () => {
    const [, bob] = await pair();
    await bob.client.close();
    damage(bob, 'account');
    damage(bob, 'messages');
    await expect(bob.open()).rejects.toMatchObject({ code: 'E_DATA' });
    const database = new DatabaseSync(join(bob.directory, 'messages.db'));
    const { count } = database.prepare("SELECT count(*) AS count FROM rows WHERE name = 'damaged'").get() ?? {};
    database.close();
    expect(count).toBe(0);
  });
});

describe('E2: an item that cannot be taken', () => {
  test('it is set aside with its reason, the next ones are taken, and it is tried again at the next start', async () => {
    const [alice, bob] = await pair();
    const working = bob.now;
    bob.now = () => {
      if (new Error('who asks').stack?.includes('takeWelcome') === true) throw new TypeError('a fault of this version');
      return working();
    };
    const { conversation } = await alice.client.createGroup('garden', ['bobby']);
    await world.until('set aside', () => bob.troubles.some((text) => text.startsWith('E_INTERNAL')));
    bob.now = working;
    await alice.client.sendAndWait('@bobby', { text: 'next' });
    await world.until('next', async () => (await bob.texts('@alice')).includes('next'));
    expect(await bob.client.groups()).toEqual([]);
    await bob.restart();
    await bob.client.sync();
    await alice.client.sendAndWait(conversation, { text: 'seeds' });
    await world.until('seeds', async () => (await bob.texts(conversation)).includes('seeds'));
  });

  test('R3: what the server no longer has is said, and keeps nobody waiting', async () => {
    const [, bob] = await pair();
    await bob.client.close();
    const { openQueue } = bob.connection;
    Object.assign(bob.connection, {
      openQueue: (...[id, handler, onSkipped]: Parameters<typeof openQueue>) => {
        const queue = openQueue(id, handler, onSkipped);
        const ready = queue.ready.then(({ waiting }) => {
          setImmediate(() => onSkipped(2));
          return { waiting: waiting + 2 };
        });
        return { ...queue, ready };
      },
    });
    await bob.open();
    expect(await bob.client.sync()).toBe(true);
    expect(bob.troubles).toContainEqual(expect.stringMatching(/^E_UNDECRYPTABLE 2 items/));
  });
});
