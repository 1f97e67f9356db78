/** Groups over real stores: the order of commits, who gets what, and what a crash leaves. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { utf8Encode } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { messagesTopic } from '@sealane/shared/items';
import { CallError } from '../../src/messaging/call-error.ts';
import { eventually } from '../test-server.ts';
import { ServiceWorld, content, type Device, type EventStoreKind } from './service-world.ts';

jest.setTimeout(30_000);

let world: ServiceWorld;
let alice: Device;
let bob: Device;
let carol: Device;

afterEach(async () => {
  await world.stop();
});

async function startWorld(events: EventStoreKind): Promise<void> {
  world = await ServiceWorld.start({ events });
  [alice, bob, carol] = await Promise.all([world.device('alice'), world.device('bob'), world.device('carol')]);
}

describe.each<EventStoreKind>(['memory', 'sqlite'])('groups, events in %s', (events) => {
  beforeEach(() => startWorld(events));

  it('D1 D5: a group is made, its devices get Welcome, commits and messages, and the sender gets none of its own', async () => {
    const group = await world.group(alice, [bob]);
    await world.groups.send(bob, world.messageOf(bob, group, 1, 'hello'));
    const commit = world.commitOf(bob, group, 1, { added: [carol.agentId] });
    expect(await world.groups.commit(bob, commit)).toMatchObject({ epoch: 2, sequence: 3 });
    const answer = await world.groups.send(alice, world.messageOf(alice, group, 2, 'to both'));
    expect(answer).toMatchObject({ epoch: 2, sequence: 4 });
    expect(await world.words(alice)).toEqual(['message: hello', 'commit: commit bob.one 1']);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: to both']);
    expect(await world.words(carol)).toEqual(['welcome: welcome 1', 'message: to both']);
    const [welcome, message] = await world.items(carol);
    expect(welcome).toMatchObject({ epoch: 2 });
    expect(message).toMatchObject({ epoch: 2, sequence: 4 });
  });

  it('E3: of 50 commits for one epoch exactly one wins, and the others learn the epoch', async () => {
    const devices = await Promise.all(Array.from({ length: 49 }, (_, index) => world.device(`user${index}`)));
    const group = await world.group(alice, devices);
    const commits = [alice, ...devices].map((device) =>
      world.groups.commit(device, world.commitOf(device, group, 1)).then(
        ({ epoch }) => `won ${epoch}`,
        (error: unknown) => (error instanceof CallError ? `${error.code} ${error.present}` : String(error)),
      ),
    );
    const results = await Promise.all(commits);
    expect(results.filter((result) => result === 'won 2')).toHaveLength(1);
    expect(results.filter((result) => result === 'E_STALE_EPOCH 2')).toHaveLength(49);
    const words = await Promise.all([alice, ...devices].map((device) => world.words(device)));
    const gained = words.map((each) => each.filter((word) => word.startsWith('commit')));
    expect(gained.filter((each) => each.length === 0)).toHaveLength(1);
    expect(new Set(gained.filter((each) => each.length > 0).map(String)).size).toBe(1);
    expect(await world.groups.query(alice, group, 0)).toMatchObject({
      epoch: 2,
      commits: [{ epoch: 0 }, { epoch: 1 }],
    });
  });

  it('D5: a removed device gets its removal, and nothing after it', async () => {
    const group = await world.group(alice, [bob, carol]);
    await world.groups.commit(alice, world.commitOf(alice, group, 1, { removed: [bob.agentId] }));
    await world.groups.send(alice, world.messageOf(alice, group, 2, 'without bob'));
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'commit: commit alice.one 1', 'removed']);
    expect(await world.words(carol)).toEqual([
      'welcome: welcome 0',
      'commit: commit alice.one 1',
      'message: without bob',
    ]);
    await expect(world.groups.send(bob, world.messageOf(bob, group, 2, 'still here'))).rejects.toMatchObject({
      code: 'E_NO_GROUP',
    });
    await expect(world.groups.commit(bob, world.commitOf(bob, group, 2))).rejects.toMatchObject({ code: 'E_NO_GROUP' });
    await expect(world.groups.query(bob, group, 0)).rejects.toMatchObject({ code: 'E_NO_GROUP' });
  });

  it('A6: a revoked device gets nothing from then on, also not what was under way', async () => {
    const group = await world.group(alice, [bob, carol]);
    await world.revoke(bob);
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'secret'));
    expect(await world.items(bob)).toEqual([]);
    expect((await world.events.queuesOf(bob.agentId)).length).toBe(0);
    expect(await world.words(carol)).toEqual(['welcome: welcome 0', 'message: secret']);
    expect((await world.groups.query(alice, group, 0)).devices).toEqual(['alice.one', 'carol.one']);
    const adding = world.groups.commit(alice, world.commitOf(alice, group, 1, { added: [bob.agentId] }));
    await expect(adding).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
  });

  it('A6: a device that is revoked while a commit adds it, or is its own, is in no group after it', async () => {
    const group = await world.group(alice, [carol]);
    const second = await world.device('alice', 'two');
    const adding = world.groups.commit(alice, world.commitOf(alice, group, 1, { added: [bob.agentId] }));
    await Promise.all([world.revoke(bob), adding]);
    expect((await world.groups.query(alice, group, 0)).devices).toEqual(['alice.one', 'carol.one']);
    const joining = world.groups.commit(second, world.commitOf(second, group, 2, { isExternal: true }));
    await Promise.all([world.revoke(second), joining]);
    expect(await world.groups.query(alice, group, 0)).toMatchObject({ epoch: 3, devices: ['alice.one', 'carol.one'] });
    await expect(world.groups.query(bob, group, 0)).rejects.toMatchObject({ code: 'E_NO_GROUP' });
  });

  it('A6: no crash between a revocation and what follows from it leaves the device in a group that a commit adds it to', async () => {
    const group = await world.group(alice, [carol]);
    let unlisted: Promise<void> | undefined;
    world.store.onAsk = (name) => {
      if (name === 'commitGroup') unlisted = world.unlist(bob);
      if (name === 'dropDevice') throw new Error('the process dies here');
    };
    const adding = world.groups.commit(alice, world.commitOf(alice, group, 1, { added: [bob.agentId] }));
    await expect(adding).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
    await unlisted;
    expect(await world.groups.query(alice, group, 0)).toMatchObject({ epoch: 1, devices: ['alice.one', 'carol.one'] });
  });

  it('A6: what a device writes is judged by the log of now, whatever its connection was', async () => {
    const group = await world.group(alice, [bob, carol]);
    await world.unlist(bob);
    const writes = [
      world.groups.send(bob, world.messageOf(bob, group, 1, 'late')),
      world.groups.commit(bob, world.commitOf(bob, group, 1)),
      world.group(bob, [carol]),
    ];
    for (const write of writes) await expect(write).rejects.toMatchObject({ code: 'E_NOT_LISTED' });
    expect(await world.words(carol)).toEqual(['welcome: welcome 0']);
  });

  it('R1: what is published and cannot be forgotten for now is forgotten with the next', async () => {
    const group = await world.group(alice, [bob]);
    let refusals = 0;
    world.store.onAsk = (name) => {
      if (name === 'removePending' && refusals++ === 0) throw new StorageError('E_STORE_FULL');
    };
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'on a full disk'));
    await eventually('the refusal', () => refusals > 0);
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'and after it'));
    await eventually(
      'that nothing is promised',
      async () => (await world.store.ask('listPending', { after: 0, limit: 10 })).length === 0,
    );
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: on a full disk', 'message: and after it']);
  });

  it('R1: what was promised and not published when the process died is published at the next start, once', async () => {
    const group = await world.group(alice, [bob, carol]);
    const gate = Promise.withResolvers<never>();
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: () => gate.promise,
    });
    void world.groups.send(alice, world.messageOf(alice, group, 1, 'promised'));
    await eventually('the promise', () => world.queues.waiting > 0);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0']);
    await world.crash();
    for (const device of [bob, carol])
      expect(await world.words(device)).toEqual(['welcome: welcome 0', 'message: promised']);
    await world.crash();
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: promised']);
  });

  it('A6: what was promised to a device before it was revoked reaches the others only', async () => {
    const group = await world.group(alice, [bob, carol]);
    const gate = Promise.withResolvers<never>();
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: () => gate.promise,
    });
    void world.groups.send(alice, world.messageOf(alice, group, 1, 'promised'));
    await eventually('the promise', () => world.queues.waiting > 0);
    await world.revoke(bob);
    await world.crash();
    expect(await world.events.queuesOf(bob.agentId)).toEqual([]);
    expect(await world.words(carol)).toEqual(['welcome: welcome 0', 'message: promised']);
  });

  it('A6: whoever was revoked gets nothing of what was under way, also where it opens the queue itself', async () => {
    const group = await world.group(alice, [bob, carol]);
    let isFull = true;
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: (items) =>
        isFull
          ? Promise.resolve(items.map(() => ({ status: 'refused', code: 'E_STORE_FULL', retryAfterMs: 1 }) as const))
          : world.events.publish(items),
    });
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'promised'));
    await world.revoke(bob);
    // As every agent may by subscribing.
    const { agentId } = bob;
    await world.events.openQueue({ kind: 'subscription', agentId, pattern: messagesTopic(agentId) });
    isFull = false;
    await eventually('the queues', () => world.queues.waiting === 0);
    expect(await world.words(carol)).toEqual(['welcome: welcome 0', 'message: promised']);
    expect(await world.words(bob)).toEqual([]);
  });

  it('R1: a device that was revoked and is listed anew gets what comes before its queue is opened', async () => {
    const group = await world.group(alice, [carol]);
    await world.revoke(bob);
    bob.write = 0;
    await world.list(bob);
    await world.groups.commit(alice, world.commitOf(alice, group, 1, { added: [bob.agentId] }));
    expect(await world.words(bob)).toEqual(['welcome: welcome 1']);
  });

  it('R1: a device whose queue the operator deleted gets what is sent from then on', async () => {
    const group = await world.group(alice, [bob]);
    await world.events.forgetAgent(bob.agentId);
    await world.queues.reopen(bob.agentId);
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'after it'));
    expect(await world.words(bob)).toEqual(['message: after it']);
  });

  it('R1: rows that stay after their events were published are absorbed', async () => {
    const group = await world.group(alice, [bob]);
    world.store.onAsk = (name) => {
      if (name === 'removePending') throw new Error('the process dies here');
    };
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'once'));
    await world.crash();
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: once']);
    const left = () => world.store.ask('listPending', { after: 0, limit: 10 });
    await eventually('no rows', async () => (await left()).length === 0);
  });

  it('a store of events that takes nothing for now holds up nobody, and loses and reorders nothing', async () => {
    const group = await world.group(alice, [bob]);
    let isFull = true;
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: (items) =>
        isFull
          ? Promise.resolve(
              items.map(() => ({ status: 'refused', code: 'E_STORE_FULL', retryAfterMs: 1_000 }) as const),
            )
          : world.events.publish(items),
    });
    for (const text of ['one', 'two', 'three']) await world.groups.send(alice, world.messageOf(alice, group, 1, text));
    expect(world.queues.waiting).toBe(3);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0']);
    isFull = false;
    await eventually('the queues', () => world.queues.waiting === 0);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: one', 'message: two', 'message: three']);
  });
});

/** A whole blob of a device, which lasts for an hour. */
async function wholeBlob({ accountId }: Device): Promise<Uint8Array> {
  const id = new Uint8Array(randomBytes(16));
  const [at, ttlMs] = [Date.now(), 3_600_000];
  const blob = { id, accountId, size: 1, hash: randomBytes(32), ttlMs, expiresAt: at, isWhole: false };
  await world.store.ask('openBlob', { blob, accountBytesMax: 10, accountBlobsMax: 10, totalBytesMax: 10 });
  await world.store.ask('finishBlob', { id, at });
  return id;
}

describe('groups: rules', () => {
  beforeEach(() => startWorld('memory'));

  it('E8: a repetition is answered as the first, and sent once', async () => {
    const group = await world.group(alice, [bob]);
    const message = world.messageOf(alice, group, 1, 'once');
    const first = await world.groups.send(alice, message);
    expect(await world.groups.send(alice, message)).toEqual(first);
    const commit = world.commitOf(alice, group, 1);
    const stored = await world.groups.commit(alice, commit);
    await world.groups.commit(bob, world.commitOf(bob, group, 2));
    expect(await world.groups.commit(alice, commit)).toEqual(stored);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: once', 'commit: commit alice.one 1']);
  });

  it('E8: a commit that was taken is answered as the first time, also when a device that it added is revoked since', async () => {
    const group = await world.group(alice, [bob]);
    const commit = world.commitOf(alice, group, 1, { added: [carol.agentId] });
    const stored = await world.groups.commit(alice, commit);
    await world.revoke(carol);
    expect(await world.groups.commit(alice, commit)).toEqual(stored);
  });

  it('E9: two copies of one device are found out, for good', async () => {
    const group = await world.group(alice, [bob]);
    const copy = { ...alice };
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'original'));
    await expect(world.groups.send(copy, world.messageOf(copy, group, 1, 'copy'))).rejects.toMatchObject({
      code: 'E_DEVICE_CLONED',
    });
    await expect(world.groups.send(alice, world.messageOf(alice, group, 1, 'again'))).rejects.toMatchObject({
      code: 'E_DEVICE_CLONED',
    });
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: original']);
  });

  it('a number that is left out is refused, and a write that is refused has not used its number', async () => {
    const group = await world.group(alice, [bob]);
    const message = world.messageOf(alice, group, 1, 'too early');
    await expect(world.groups.send(alice, { ...message, write: 3 })).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
    await world.groups.send(alice, message);
    const stale = world.commitOf(alice, group, 0);
    for (const _ of [1, 2])
      await expect(world.groups.commit(alice, stale)).rejects.toMatchObject({ code: 'E_STALE_EPOCH', present: 1 });
    await world.groups.commit(alice, world.commitOf(alice, group, 1));
    expect(await world.words(bob)).toEqual(['welcome: welcome 0', 'message: too early', 'commit: commit alice.one 1']);
  });

  it('a repetition is known for 1,024 writes; an older one says that a copy is at work', async () => {
    const group = await world.group(alice, [bob]);
    const messages = Array.from({ length: 1_025 }, (_, index) => ({
      ...world.messageOf(alice, group, 1, String(index)),
      write: index + 2,
    }));
    for (const message of messages) await world.groups.send(alice, message);
    const [first, second] = messages;
    if (first === undefined || second === undefined) throw new Error('no messages');
    await expect(world.groups.send(alice, second)).resolves.toMatchObject({ sequence: 3 });
    await expect(world.groups.send(alice, first)).rejects.toMatchObject({ code: 'E_DEVICE_CLONED' });
  });

  it('messages may be some epochs behind, and go to those who were members then', async () => {
    const group = await world.group(alice, [bob]);
    for (let epoch = 1; epoch < 5; epoch++)
      await world.groups.commit(bob, world.commitOf(bob, group, epoch, epoch === 4 ? { added: [carol.agentId] } : {}));
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'late'));
    expect((await world.words(bob)).at(-1)).toBe('message: late');
    expect(await world.words(carol)).toEqual(['welcome: welcome 4']);
    await world.groups.commit(bob, world.commitOf(bob, group, 5));
    await expect(world.groups.send(alice, world.messageOf(alice, group, 1, 'x'))).rejects.toMatchObject({
      code: 'E_STALE_EPOCH',
      present: 6,
    });
    await expect(world.groups.send(alice, world.messageOf(alice, group, 7, 'x'))).rejects.toMatchObject({
      code: 'E_STALE_EPOCH',
    });
  });

  it('an external commit may come from a device of an account that is a member, for itself', async () => {
    const group = await world.group(alice, [bob]);
    const second = await world.device('alice', 'two');
    const stranger = world.commitOf(carol, group, 1, { isExternal: true });
    await expect(world.groups.commit(carol, stranger)).rejects.toMatchObject({ code: 'E_NO_GROUP' });
    const plain = world.commitOf(second, group, 1);
    await expect(world.groups.commit(second, plain)).rejects.toMatchObject({ code: 'E_NO_GROUP' });
    const greedy = world.commitOf(second, group, 1, { isExternal: true, removed: [bob.agentId] });
    await expect(world.groups.commit(second, greedy)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' });
    await world.groups.commit(second, world.commitOf(second, group, 1, { isExternal: true }));
    expect((await world.groups.query(second, group, 0)).devices).toEqual(['alice.one', 'alice.two', 'bob.one']);
    const resync = world.commitOf(bob, group, 2, { isExternal: true, removed: [bob.agentId] });
    await world.groups.commit(bob, resync);
    await world.groups.send(alice, world.messageOf(alice, group, 2, 'of an epoch before'));
    expect((await world.words(bob)).some((word) => word.startsWith('message'))).toBe(false);
  });

  it('refuses commits that no device makes: of nobody, with a Welcome for nobody, of itself removed', async () => {
    const group = await world.group(alice, [bob]);
    const code = (about: Parameters<typeof world.commitOf>[3]) =>
      world.groups
        .commit(alice, world.commitOf(alice, group, 1, about))
        .catch((error: unknown) => (error instanceof CallError ? error.code : error));
    expect(await code({ removed: [alice.agentId] })).toBe('E_BAD_REQUEST');
    expect(await code({ commit: { body: null, blob: null } })).toBe('E_BAD_REQUEST');
    expect(await code({ welcome: content('for nobody') })).toBe('E_BAD_REQUEST');
    expect(await code({ groupInfo: randomBytes(16) })).toBe('E_BLOB_NOT_FOUND');
    const unknown = world.commitOf(alice, randomBytes(16), 1);
    await expect(world.groups.commit(alice, unknown)).rejects.toMatchObject({ code: 'E_NO_GROUP' });
  });

  it('A7: a commit makes the blobs that it names last as long as its items, where they are its own and it is taken', async () => {
    const group = await world.group(alice, [bob]);
    const [own, others] = [await wholeBlob(alice), await wholeBlob(bob)];
    const lastsMs = async (id: Uint8Array): Promise<number> => {
      const blob = await world.store.ask('findBlob', id);
      return Math.round(((blob?.expiresAt ?? 0) - Date.now()) / 60_000) * 60_000;
    };
    const refused = (about: Parameters<typeof world.commitOf>[3], epoch = 1) =>
      expect(world.groups.commit(alice, world.commitOf(alice, group, epoch, about))).rejects;
    await refused({ groupInfo: others }).toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
    const commit = { body: null, blob: own };
    await refused({ commit, groupInfo: randomBytes(16) }).toMatchObject({ code: 'E_BLOB_NOT_FOUND' });
    await refused({ commit, groupInfo: own }, 0).toMatchObject({ code: 'E_STALE_EPOCH' });
    expect([await lastsMs(own), await lastsMs(others)]).toEqual([3_600_000, 3_600_000]);
    await world.groups.commit(alice, world.commitOf(alice, group, 1, { commit, groupInfo: own }));
    expect([await lastsMs(own), await lastsMs(others)]).toEqual([30 * 86_400_000, 3_600_000]);
  });

  it('B1: no more waits to be published than may, however many come at once', async () => {
    await world.stop();
    world = await ServiceWorld.start({ limits: { pendingMax: 3 } });
    [alice, bob] = [await world.device('alice'), await world.device('bob')];
    const group = await world.group(alice, [bob]);
    let isFull = true;
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: (items) =>
        isFull
          ? Promise.resolve(items.map(() => ({ status: 'refused', code: 'E_STORE_FULL', retryAfterMs: 1 }) as const))
          : world.events.publish(items),
    });
    const texts = ['one', 'two', 'three', 'four', 'five'];
    const messages = texts.map((text, index) => ({ ...world.messageOf(alice, group, 1, text), write: index + 2 }));
    const sent = await Promise.allSettled(messages.map((message) => world.groups.send(alice, message)));
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(sent[4]).toMatchObject({ reason: { code: 'E_STORE_UNAVAILABLE', retryAfterMs: 20 } });
    isFull = false;
    await eventually('the queues', () => world.queues.waiting === 0);
    for (const message of messages.slice(3)) await world.groups.send(alice, message);
    expect((await world.words(bob)).slice(1)).toEqual(texts.map((text) => `message: ${text}`));
  });

  it('G1: messages of one account are limited, with the time to come back; others go on', async () => {
    await world.stop();
    const limits = { messages: { burst: 50, intervalMs: 1_200 }, messagePauseMs: 0 };
    world = await ServiceWorld.start({ limits, isClockStill: true });
    [alice, bob] = [await world.device('alice'), await world.device('bob')];
    const group = await world.group(alice, [bob]);
    for (let count = 0; count < 50; count++)
      await world.groups.send(alice, world.messageOf(alice, group, 1, String(count)));
    const message = world.messageOf(alice, group, 1, 'one more');
    const refused = await world.groups.send(alice, message).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'E_CALL_LIMIT' });
    expect((refused as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(1_200);
    await world.groups.send(bob, world.messageOf(bob, group, 1, 'not me'));
    world.aheadMs += 1_300;
    await world.groups.send(alice, message);
  });

  it('G1: a message that comes too soon is held, in its place, and only what would wait for long is refused', async () => {
    await world.stop();
    const limits = { messages: { burst: 2, intervalMs: 200 }, messagePauseMs: 500 };
    world = await ServiceWorld.start({ limits, isClockStill: true });
    [alice, bob] = [await world.device('alice'), await world.device('bob')];
    const group = await world.group(alice, [bob]);
    const texts = ['one', 'two', 'three', 'four', 'five'];
    const sent = texts.map((text, index) => {
      const message = world.messageOf(alice, group, 1, text);
      return world.groups.send(alice, { ...message, write: message.write + index });
    });
    expect([world.groups.isHeld(alice.accountId), world.groups.isHeld(bob.accountId)]).toEqual([true, false]);
    const settled = await Promise.allSettled(sent);
    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
    expect(settled[4]).toMatchObject({ reason: { code: 'E_CALL_LIMIT' } });
    expect(world.groups.isHeld(alice.accountId)).toBe(true);
    world.aheadMs += 400;
    expect(world.groups.isHeld(alice.accountId)).toBe(false);
    expect((await world.words(bob)).slice(-4)).toEqual(texts.slice(0, 4).map((text) => expect.stringContaining(text)));
  });

  it('limits devices of a group and groups of an account', async () => {
    await world.stop();
    world = await ServiceWorld.start({ limits: { devicesPerGroupMax: 2, groupsPerAccountMax: 1 } });
    [alice, bob, carol] = [await world.device('alice'), await world.device('bob'), await world.device('carol')];
    await expect(world.group(alice, [bob, carol])).rejects.toMatchObject({ code: 'E_QUOTA' });
    const group = await world.group(alice, [bob]);
    await expect(world.group(alice, [bob])).rejects.toMatchObject({ code: 'E_QUOTA' });
    const third = world.commitOf(alice, group, 1, { added: [carol.agentId] });
    await expect(world.groups.commit(alice, third)).rejects.toMatchObject({ code: 'E_QUOTA' });
    const swap = world.commitOf(alice, group, 1, { added: [carol.agentId], removed: [bob.agentId] });
    await world.groups.commit(alice, swap);
    expect((await world.groups.query(alice, group, 0)).devices).toEqual(['alice.one', 'carol.one']);
  });

  it('D11: a transient message goes to the other devices at once, and is kept nowhere', async () => {
    const group = await world.group(alice, [bob, carol]);
    await world.groups.transmit(alice, { group, epoch: 1, body: utf8Encode('typing') });
    expect(world.transients.map(({ agentId }) => agentId)).toEqual(['bob.one', 'carol.one']);
    expect(await world.words(bob)).toEqual(['welcome: welcome 0']);
    const stranger = await world.device('mallory');
    await expect(world.groups.transmit(stranger, { group, epoch: 1, body: utf8Encode('x') })).rejects.toMatchObject({
      code: 'E_NO_GROUP',
    });
  });

  it('D13: a message waits no longer than its sender says', async () => {
    const group = await world.group(alice, [bob]);
    await world.groups.send(alice, { ...world.messageOf(alice, group, 1, 'brief'), ttlMs: 60_000 });
    const [queue] = await world.events.queuesOf(bob.agentId);
    const lease = await world.events.claimAgent(bob.agentId, 'main');
    const read = await world.events.read(queue?.queueId ?? '', { after: 1, limit: 10, bytesMax: 10_000 }, lease);
    const [entry] = read;
    if (entry?.kind !== 'event') throw new Error('no event');
    expect(entry.expiresAt - entry.publishedAt).toBe(60_000);
  });

  it('E5: commits are kept for those who were away, in pages, and no longer than said', async () => {
    await world.stop();
    world = await ServiceWorld.start({ limits: { commitsKeptMax: 100, commitsPerAnswerMax: 64 } });
    [alice, bob] = [await world.device('alice'), await world.device('bob')];
    const group = await world.group(alice, [bob]);
    for (let epoch = 1; epoch < 150; epoch++) await world.groups.commit(alice, world.commitOf(alice, group, epoch));
    const page = await world.groups.query(bob, group, 60);
    expect([page.commits.at(0)?.epoch, page.commits.length, page.epoch]).toEqual([60, 64, 150]);
    expect((await world.groups.query(bob, group, 0)).commits.at(0)?.epoch).toBe(50);
    world.aheadMs += 31 * 86_400_000;
    await world.groups.sweep();
    expect((await world.groups.query(bob, group, 0)).commits).toEqual([]);
  });

  it('a group without devices ends', async () => {
    await world.group(alice, [bob]);
    await world.revoke(alice);
    expect(await world.store.ask('countGroups', undefined as never)).toBe(1);
    await world.revoke(bob);
    expect(await world.store.ask('countGroups', undefined as never)).toBe(0);
  });

  it('tells who is around an account', async () => {
    await world.group(alice, [bob]);
    await world.group(bob, [carol]);
    expect([...(await world.groups.around(alice.accountId))].sort()).toEqual(['alice.one', 'bob.one']);
    expect(await world.groups.share(alice.accountId, bob.accountId)).toBe(true);
    expect(await world.groups.share(alice.accountId, carol.accountId)).toBe(false);
  });
});
