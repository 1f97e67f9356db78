/**
 * A server that lies, with valid keys of its own: whole clients refuse it or show it, never take it silently, and seal nothing for it
 * (2.2, docs/threat-model.md). What it claims is made by real devices, some of them in a world of its own with the same names.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { fromHex } from '@sealane/shared/bytes';
import { applyStatement, nextStatement, type StatementContent } from '@sealane/shared/accounts';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { decodeItem, encodeItem, type CallFields, type Item } from '@sealane/shared/items';
import { FakeServer, type TappedCall } from './fake-server.ts';
import { World, type TestDevice } from './world.ts';

jest.setTimeout(60_000);

const REGISTER = 0x40;
const DIRECTORY = 0x46;
const CLAIM = 0x4b;
const TRANSPARENCY = 0x59;
const DAY_MS = 86_400_000;
const LIE = { code: 'E_DIRECTORY_LIE' };

let world: World;
/** Where the attacker has the same names with keys of its own, under the keys of the same server. */
let shadow: World;
beforeEach(() => {
  world = new World();
  shadow = new World(new FakeServer(world.server.identity));
});
afterEach(async () => {
  await world.dispose();
  await shadow.dispose();
});

async function people(...names: readonly string[]): Promise<TestDevice[]> {
  const devices: TestDevice[] = [];
  for (const name of names) devices.push(await world.account(name));
  await Promise.all(devices.map(({ client }) => client.sync()));
  return devices;
}

/** Alice and Bob, who have written to each other. */
async function acquainted(): Promise<readonly [TestDevice, TestDevice]> {
  const [alice, bob] = (await people('alice', 'bobby')) as [TestDevice, TestDevice];
  await says(alice, bob, 'first');
  await says(bob, alice, 'second');
  return [alice, bob];
}

const nameOf = ({ agentId }: TestDevice): string => agentId.replace(/-\d$/, '');
const chatOf = (device: TestDevice): string => `@${nameOf(device)}`;

/** A direct message that arrives. */
async function says(from: TestDevice, to: TestDevice, text: string): Promise<void> {
  await from.client.sendAndWait(await from.client.conversationWith(nameOf(to)), { text });
  await world.until(text, async () => (await to.texts(chatOf(from))).includes(text));
}

/** Of these calls some are answered otherwise. */
function lie(ids: readonly number[], answer: (call: TappedCall) => object, agentId?: string): void {
  world.server.lie = (call) => {
    const isMeant = ids.includes(call.id) && (agentId === undefined || call.agentId === agentId);
    return isMeant ? answer(call) : call.honest();
  };
}

/** What the attacker's own server says to the same question. */
const asShadow = ({ agentId, id, fields }: TappedCall): object => shadow.server.answerAs(agentId, id, fields);

const lost = async (device: TestDevice, conversation: string): Promise<readonly string[]> =>
  (await device.client.messages(conversation, { limit: 100 })).flatMap(({ state, reason }) =>
    state === 'lost' ? [reason] : [],
  );

/** An account of the attacker under a name of somebody else. */
async function impostor(username: string): Promise<TestDevice> {
  const device = await shadow.account(username);
  await device.client.sync();
  return device;
}

/** The statements of an account, and one more that the attacker signs. */
function extended(username: string, content: StatementContent, signer: IdentityKeys) {
  const account = world.server.accounts.get(username)!;
  const at = Math.floor(Date.now() / 1_000);
  return { account, statement: nextStatement(account.state, { content, at }, signer) };
}

describe('E2: a server that lies about people', () => {
  test('2.2: key packages of the attacker in place of those of a peer: no group is made, nothing is sealed', async () => {
    const [alice, , mallory] = (await people('alice', 'bobby', 'mallory')) as [TestDevice, TestDevice, TestDevice];
    const fake = await impostor('bobby');
    const others: readonly (() => object)[] = [
      () => world.server.answerAs('alice-1', CLAIM, { username: 'mallory', devices: [] }),
      () => shadow.server.answerAs('alice-1', CLAIM, { username: 'bobby', devices: [] }),
    ];
    for (const other of others) {
      lie([CLAIM], other);
      await expect(alice.client.conversationWith('bobby')).rejects.toMatchObject(LIE);
      await expect(alice.client.createGroup('team', ['bobby'])).rejects.toMatchObject(LIE);
    }
    expect(world.server.groups.size).toBe(0);
    expect(world.server.sealedSeen).toEqual([]);
    expect([...(await mallory.client.conversations()), ...(await fake.client.conversations())]).toEqual([]);
  });

  test('2.2, C8: another account under the name of somebody who is known is refused, with proofs that fit too', async () => {
    const [alice, bob] = await acquainted();
    const fake = await impostor('bobby');
    const honest = world.server.accounts.get('bobby')!;
    const isRefused = async (): Promise<void> => {
      const { state, statements } = shadow.server.accounts.get('bobby')!;
      world.server.claimStatements('bobby', state, statements);
      await expect(alice.client.safetyNumber('bobby')).rejects.toMatchObject(LIE);
    };
    // As many statements as those that are known, and more.
    await isRefused();
    await shadow.linked(fake, 'bobby-2');
    await isRefused();
    world.server.accounts.set('bobby', honest);
    // Who was known stays known, and is written to as before.
    lie([DIRECTORY], asShadow, 'alice-1');
    await expect(alice.client.safetyNumber('bobby')).rejects.toMatchObject(LIE);
    await says(alice, bob, 'to the real one');
    expect(await fake.client.conversations()).toEqual([]);
  });

  test('2.2, C8: a stranger whom nobody has met is as the server says, until safety numbers are compared', async () => {
    const [bob] = (await people('bobby')) as [TestDevice];
    await impostor('bobby');
    // Alice lives in the attacker's world, and the attacker shows her real account to Bob.
    const alice = await shadow.account('alice');
    const { state, statements } = shadow.server.accounts.get('alice')!;
    world.server.claimStatements('alice', state, statements);
    const [hers, his] = [await alice.client.safetyNumber('bobby'), await bob.client.safetyNumber('alice')];
    expect(hers.digits).not.toBe(his.digits);
    expect(hers.code).not.toBe(his.code);
    expect([hers.trust, his.trust]).toEqual(['unverified', 'unverified']);
  });

  test('2.2, C11: a ghost device that no device and no recovery key of the account has signed is refused', async () => {
    const [alice, bob, mallory] = (await people('alice', 'bobby', 'mallory')) as [TestDevice, TestDevice, TestDevice];
    await says(alice, bob, 'first');
    const stranger = new IdentityKeys(nativeCrypto, randomBytes(32));
    const { account, statement } = extended(
      'bobby',
      {
        kind: 'add-device',
        agentId: mallory.agentId,
        transportKey: stranger.static.publicKey,
        signingKey: stranger.signingPublicKey,
        name: 'tablet',
        notBefore: Math.floor(Date.now() / 1_000),
        notAfter: Math.floor(Date.now() / 1_000) + 86_400,
      },
      stranger,
    );
    expect(applyStatement(nativeCrypto, account.state, statement).ok).toBe(false);
    const state = { ...account.state, count: account.state.count + 1, hash: nativeCrypto.sha256(statement) };
    world.server.claimStatements('bobby', state, [...account.statements, statement]);
    world.server.deliver(['alice-1'], accountItem('bobby', state.count));
    await expect(alice.client.safetyNumber('bobby')).rejects.toMatchObject(LIE);
    await says(alice, bob, 'only to the real devices');
    expect([...world.server.groups.values()].flatMap(({ devices }) => [...devices]).sort()).toEqual([
      'alice-1',
      'bobby-1',
    ]);
    expect(await mallory.client.conversations()).toEqual([]);
  });

  test('2.2: an older directory is refused by who has seen the newer one, and so is a claim that it grew', async () => {
    const [alice, bob] = await acquainted();
    const old = world.server.answerAs('alice-1', DIRECTORY, { username: 'bobby', fromIndex: 2, treeSize: 2 });
    await world.linked(bob, 'bobby-2');
    await alice.client.safetyNumber('bobby');
    lie([DIRECTORY], () => old, 'alice-1');
    await expect(alice.client.safetyNumber('bobby')).rejects.toMatchObject(LIE);
    world.server.lie = undefined;
    world.server.deliver(['alice-1'], accountItem('bobby', 4_000));
    await says(alice, bob, 'as ever');
    await says(bob, alice, 'as ever too');
  });

  test('2.2: two people who write to each other find out that they are shown two directories', async () => {
    lie([REGISTER], (call) => {
      asShadow(call);
      return call.honest();
    });
    const [alice, bob] = await acquainted();
    world.server.lie = undefined;
    await world.account('yves');
    await shadow.account('zelda');
    // Logs of the same size, each with proofs that fit.
    lie([DIRECTORY, TRANSPARENCY], asShadow, 'bobby-1');
    await alice.client.safetyNumber('yves');
    await bob.client.safetyNumber('zelda');
    // Heads travel with messages, not with each of them.
    alice.now = () => Date.now() + DAY_MS;
    await says(alice, bob, 'with the head that Alice saw');
    await world.until('found out', () => bob.troubles.some((trouble) => trouble.startsWith('E_DIRECTORY_LIE')));
  });
});

describe('E2: a server that lies about groups', () => {
  test('2.2, D5: a ghost member: who was removed is let in again by the server, and by nobody else', async () => {
    const [alice, bob, mallory] = (await people('alice', 'bobby', 'mallory')) as [TestDevice, TestDevice, TestDevice];
    const { conversation, group } = await alice.client.createGroup('team', ['bobby', 'mallory']);
    await world.until(
      'all in',
      async () => (await mallory.client.groups()).length + (await bob.client.groups()).length === 2,
    );
    await mallory.client.close();
    await alice.client.removeMembers(conversation, ['mallory']);
    // It never hears of it, and comes back with its old state and by the server's help.
    world.server.queue('mallory-1').items.length = 0;
    const row = world.server.groups.get(group)!;
    row.devices.add('mallory-1');
    row.joinedAt.set('mallory-1', 0);
    await mallory.open();
    await mallory.client.sync();
    // Its program sees nothing to be healed; what one without its rules can do is in malicious-member.test.ts.
    await expect(mallory.client.healGroup(conversation)).rejects.toMatchObject({ code: 'E_USAGE' });
    await Promise.all([alice, bob].map(({ client }) => client.sync()));
    await alice.client.sendAndWait(conversation, { text: 'without Mallory' });
    await world.until('bob', async () => (await bob.texts(conversation)).includes('without Mallory'));
    expect((await alice.client.members(conversation)).map(({ username }) => username).sort()).toEqual([
      'alice',
      'bobby',
    ]);
    expect(await mallory.texts(conversation)).not.toContain('without Mallory');
  });

  test('2.2: messages that are replayed, renamed, moved or dropped show no text twice, and none elsewhere', async () => {
    const [alice, bob] = await acquainted();
    const { conversation } = await alice.client.createGroup('team', ['bobby']);
    await world.until('in', async () => (await bob.client.groups()).length === 1);
    world.server.isHolding = true;
    const texts = ['one', 'two', 'three'];
    const sent = new Map<string, string>();
    for (const text of texts) sent.set(text, (await alice.client.sendAndWait('@bobby', { text })).id);
    const stateOf = async (text: string) => (await alice.client.message(sent.get(text) ?? ''))?.state;
    const { items } = world.server.queue('bobby-1');
    const [one, two, three] = itemsOf(items).filter((item) => item.kind === 'message');
    if (one?.kind !== 'message' || two?.kind !== 'message' || three?.kind !== 'message') throw new Error('not three');
    const team = fromHex(conversation.slice(1))!;
    const renamed: Item = { ...one, messageId: randomBytes(16), sequence: 99 };
    const moved: Item = { ...three, group: team, messageId: randomBytes(16) };
    // The second is dropped.
    items.splice(0, items.length, ...[one, one, three, one, renamed, moved, three].map(encodeItem));
    world.server.release('bobby-1');
    await world.until('taken', () => items.length === 0);
    expect((await bob.texts('@alice')).filter((text) => texts.includes(text))).toEqual(['one', 'three']);
    expect((await bob.texts(conversation)).filter((text) => texts.includes(text))).toEqual([]);
    await bob.client.flush();
    await world.until('receipts', async () => (await stateOf('three')) === 'delivered');
    expect(await stateOf('two')).toBe('sent');
    await says(bob, alice, 'go on');
    expect([...(await lost(bob, '@alice')), ...(await lost(bob, conversation))]).toEqual([]);
  });

  test('2.2: a "removed" that nobody signed ends nothing silently', async () => {
    const [alice, bob] = (await people('alice', 'bobby')) as [TestDevice, TestDevice];
    const { conversation, group } = await alice.client.createGroup('team', ['bobby']);
    await world.until('in', async () => (await bob.client.groups()).length === 1);
    const place = { at: Date.now(), group: fromHex(group)!, messageId: randomBytes(16) };
    world.server.deliver(['bobby-1'], { kind: 'removed', epoch: 2, sequence: 2, ...place });
    await world.until('taken', () => world.server.queue('bobby-1').items.length === 0);
    expect((await bob.client.groups()).map(({ state }) => state)).toEqual(['active']);
    await alice.client.sendAndWait(conversation, { text: 'still here?' });
    await world.until('read', async () => (await bob.texts(conversation)).includes('still here?'));
  });
});

describe('E2: a server that lies about bytes', () => {
  test('2.2, D6: a file that was changed, cut or exchanged is not saved', async () => {
    const [alice, bob] = await acquainted();
    for (const name of ['plan.bin', 'other.bin']) {
      const source = join(alice.directory, name);
      writeFileSync(source, randomBytes(300_000));
      await alice.client.sendFile('@bobby', source);
      await world.until(name, async () => (await bob.texts('@alice')).includes(name));
    }
    const messages = await bob.client.messages('@alice', { limit: 2 });
    const plan = messages.find(({ body }) => body === 'plan.bin')!;
    const [own, other] = [...world.server.blobs.values()].slice(-2);
    if (own === undefined || other === undefined) throw new Error('not two files');
    const honest = own.bytes;
    const target = join(bob.directory, 'saved.bin');
    const flipped = (at: number): Uint8Array => honest.map((byte, index) => (index === at ? byte ^ 1 : byte));
    for (const bytes of [flipped(0), flipped(150_000), flipped(honest.length - 1), other.bytes]) {
      own.bytes = bytes;
      await expect(bob.client.saveFile(plan.id, target)).rejects.toMatchObject({ code: 'E_UNDECRYPTABLE' });
      expect(existsSync(target)).toBe(false);
    }
    own.bytes = honest;
    await bob.client.saveFile(plan.id, target);
    expect(readFileSync(target).equals(readFileSync(join(alice.directory, 'plan.bin')))).toBe(true);
  });

  test('2.2: who posts to a link without having seen its code links nothing', async () => {
    const [alice] = (await people('alice')) as [TestDevice];
    const fake = await impostor('alice');
    const tablet = await world.device('alice-2');
    await tablet.client.accounts.login('alice', { password: 'correct horse', deviceName: 'tablet' });
    await tablet.client.listen();
    const { code, linked } = await tablet.client.devices.link();
    // The attacker's own device approves a link of its own; what it posts is sealed to that one.
    const bait = await shadow.device('alice-2');
    await bait.client.accounts.login('alice', { password: 'correct horse', deviceName: 'tablet' });
    await bait.client.listen();
    const baited = await bait.client.devices.link();
    let posted: Uint8Array | undefined;
    shadow.server.lie = (call) => {
      if (call.id === 0x58) posted = (call.fields as CallFields<0x58>).body.slice();
      return call.honest();
    };
    await Promise.all([fake.client.devices.approve(baited.code), baited.linked]);
    const [link = ''] = world.server.links();
    for (const body of [posted!, randomBytes(200), new Uint8Array(0)])
      world.server.deliver(['alice-2'], { kind: 'link', at: Date.now(), link: fromHex(link)!, body });
    await world.until('taken', () => world.server.queue('alice-2').items.length === 0);
    await expect(tablet.client.send('@bobby', { text: 'nobody' })).rejects.toBeDefined();
    await Promise.all([alice.client.devices.approve(code), linked]);
    expect((await alice.client.devices.list()).map(({ agentId }) => agentId)).toEqual(['alice-1', 'alice-2']);
    expect((await fake.client.devices.list()).map(({ agentId }) => agentId)).toEqual(['alice-1', 'alice-2']);
  });
});

function accountItem(username: string, statementCount: number): Item {
  return { kind: 'account', at: Date.now(), username, statementCount };
}

function itemsOf(encoded: readonly Uint8Array[]): readonly Item[] {
  return encoded.map(decodeItem).filter((item) => item !== undefined);
}
