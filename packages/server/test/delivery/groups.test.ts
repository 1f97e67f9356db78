/** Subscriptions of topics, groups that share work, permissions of both, presence and usage, on virtual time. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { Permissions } from '../../src/permissions/index.ts';
import { DeliveryWorld, type WorldOptions } from './delivery-world.ts';

let world: DeliveryWorld;

async function start(options: WorldOptions = {}): Promise<DeliveryWorld> {
  world = await DeliveryWorld.start(options);
  return world;
}

afterEach(async () => {
  await world.stop();
});

describe('topics and groups', () => {
  it('a topic reaches every subscription whose pattern matches it, each with sequences of its own', async () => {
    await start();
    const producer = await world.producer();
    const all = await world.consumer('all', '>');
    const eu = await world.consumer('eu', 'fleet.eu.*');
    const us = await world.consumer('us', 'fleet.us.>');
    await world.publish(producer, 'topic:fleet.us.1.speed', 1);
    await world.publish(producer, 'topic:fleet.eu.temperature', 2, 2);
    expect(all.events.map(({ sequence, topic }) => [sequence, topic])).toEqual([
      [1, 'fleet.us.1.speed'],
      [2, 'fleet.eu.temperature'],
      [3, 'fleet.eu.temperature'],
    ]);
    expect(eu.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
    expect(us.events.map(({ sequence }) => sequence)).toEqual([1]);
  });

  it('a subscription is durable: what is published while its agent is away waits for it', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', 'a');
    await world.cut(taker);
    await world.publish(producer, 'topic:a', 3);
    const back = await world.consumer('taker', 'a');
    expect(back.subscribed[0]).toMatchObject({ waiting: 3 });
    expect(back.events).toHaveLength(3);
  });

  it('the members of a group share its work, and each event goes to one of them', async () => {
    await start();
    const producer = await world.producer();
    const members = [];
    for (const name of ['a', 'b', 'c']) {
      const member = await world.consumer(name, 'work', { group: 'crew' });
      member.onEvent = (event) => member.ack(event);
      members.push(member);
    }
    await world.publish(producer, 'topic:work', 300);
    const counts = members.map(({ events }) => events.length);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(new Set(members.flatMap(({ events }) => events.map(({ sequence }) => sequence))).size).toBe(300);
  });

  it('R12: what a paused member has goes to the others after its ack wait, and new work does not wait for it', async () => {
    await start();
    const producer = await world.producer();
    const paused = await world.consumer('paused', 'work', { group: 'crew', windowEvents: 5, ackWaitMs: 2_000 });
    const busy = await world.consumer('busy', 'work', { group: 'crew', windowEvents: 5, ackWaitMs: 2_000 });
    busy.onEvent = (event) => busy.ack(event);
    await world.publish(producer, 'topic:work', 20);
    expect(paused.events).toHaveLength(5);
    const { length } = busy.events;
    expect(length).toBe(15);
    await world.pass(4_000);
    const had = new Set(paused.events.map(({ sequence }) => sequence));
    const moved = busy.events.slice(length);
    expect(new Set(moved.map(({ sequence }) => sequence))).toEqual(had);
    expect(moved.map(({ attempt }) => attempt)).toEqual([2, 2, 2, 2, 2]);
    await world.publish(producer, 'topic:work', 10, 21);
    expect(paused.events).toHaveLength(5);
    // It wakes up: its old acks count for nothing, and it gets work again.
    for (const event of paused.events.slice()) paused.ack(event);
    paused.onEvent = (event) => paused.ack(event);
    await world.publish(producer, 'topic:work', 10, 31);
    expect(paused.events.length).toBeGreaterThan(5);
    expect(world.counters).toMatchObject({ acked: 40 });
  });

  it('what a member leaves behind goes to the others at once, and counts as no failure', async () => {
    await start();
    const producer = await world.producer();
    const leaving = await world.consumer('leaving', 'work', { group: 'crew' });
    await world.publish(producer, 'topic:work', 10);
    expect(leaving.events).toHaveLength(10);
    leaving.ack(leaving.events[0]!);
    const other = await world.consumer('other', 'work', { group: 'crew' });
    await world.cut(leaving);
    expect(other.events.map(({ sequence, attempt }) => [sequence, attempt])).toEqual(
      Array.from({ length: 9 }, (_, index) => [index + 2, 2]),
    );
    other.ack({ subscription: 1, sequence: 1, attempt: 1 });
    expect(world.counters.acksRefused.unknown).toBe(1);
  });

  it('R4: what another member has cannot be acked', async () => {
    await start();
    const producer = await world.producer();
    const one = await world.consumer('one', 'work', { group: 'crew' });
    const two = await world.consumer('two', 'work', { group: 'crew' });
    await world.publish(producer, 'topic:work', 10);
    for (const event of one.events) two.ack(event);
    expect(world.counters.acksRefused.foreign).toBe(one.events.length);
    expect(one.events.length + two.events.length).toBe(10);
  });

  it('2.0.16: two connections of one agent share its subscription; no event goes to both', async () => {
    await start();
    const producer = await world.producer();
    const main = await world.consumer('taker', 'a');
    const shot = await world.connect('taker', 'shot');
    shot.subscribe('a');
    await world.settle();
    await world.publish(producer, 'topic:a', 20);
    const sequences = [...main.events, ...shot.events].map(({ sequence }) => sequence);
    expect(sequences.sort((one, other) => one - other)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  it('R9 R13: a skip that is acked takes no other with it that became one meanwhile', async () => {
    await start();
    const producer = await world.producer();
    const member = await world.consumer('worker', 'work', { group: 'crew', ackWaitMs: 3_600_000 });
    // Its socket is full after the first: the second expires while it waits.
    member.onEvent = (event) => {
      member.unsent = member.highWaterBytes;
      member.nack(event, 200_000);
    };
    member.onSkipped = (skipped) => member.seen(skipped);
    producer.publish(1, 'topic:work', { ttlMs: 5_000 });
    producer.publish(2, 'topic:work', { ttlMs: 1_000 });
    await world.pass(2_000);
    member.unsent = 0;
    member.attachment.onDrain();
    await world.pass(300_000);
    expect(member.log).toEqual(['subscribed', 'event 1', 'skipped 2-2', 'skipped 1-1']);
    const queue = await world.store.openQueue({ kind: 'group', group: 'crew', pattern: 'work' });
    expect(queue).toMatchObject({ settledTo: 2, waiting: 0 });
  });

  it('R3: what an agent says at Subscribe that it is done with is not delivered, though it was read before', async () => {
    await start();
    const producer = await world.producer();
    const main = await world.consumer('taker', 'a');
    // Its socket is full after the first: the others are read and wait.
    main.onEvent = () => (main.unsent = main.highWaterBytes);
    await world.publish(producer, 'topic:a', 4);
    expect(main.events.map(({ sequence }) => sequence)).toEqual([1]);
    const shot = await world.connect('taker', 'shot');
    const lineage = main.subscribed[0]?.lineage ?? null;
    shot.subscribe('a', { lineage, cursor: 1, doneBitmap: Uint8Array.of(0b011) });
    await world.pass(100);
    expect(shot.events.map(({ sequence }) => sequence)).toEqual([4]);
  });

  it('A9: a pattern that could reach what is denied is refused, alone and in a group', async () => {
    await start({ rules: [{ agents: ['taker'], deny: { subscribe: ['secret.>'] } }] });
    const taker = await world.connect('taker');
    for (const [index, topic] of ['>', 'secret.*', '*.plan', 'open.>'].entries()) {
      taker.subscribe(topic, { subscription: index + 1 });
      taker.subscribe(topic, { subscription: index + 11, group: 'crew' });
    }
    await world.settle();
    expect(taker.unsubscribed.map(({ subscription, code }) => [subscription, code])).toEqual(
      [1, 11, 2, 12, 3, 13].map((subscription) => [subscription, 'E_FORBIDDEN']),
    );
    expect(taker.subscribed.map(({ subscription }) => subscription).sort((a, b) => a - b)).toEqual([4, 14]);
  });

  it('reserved topics: an agent takes the queue of its own messages, whatever the rules say, and nothing else', async () => {
    await start({ rules: [{ agents: ['*'], deny: { subscribe: ['>'] } }] });
    const taker = await world.connect('taker.1');
    const topics = ['$messages.taker~1', '$messages.other', '$messages.*', '$messages.>', '$else', '$messages.taker.1'];
    for (const [index, topic] of topics.entries()) taker.subscribe(topic, { subscription: index + 1 });
    taker.subscribe('$messages.taker~1', { subscription: 11, group: 'crew' });
    await world.settle();
    expect(taker.subscribed.map(({ subscription }) => subscription)).toEqual([1]);
    expect(taker.unsubscribed.map(({ subscription, code }) => [subscription, code])).toEqual(
      [2, 3, 4, 5, 6, 11].map((subscription) => [subscription, 'E_FORBIDDEN']),
    );
    const published = { id: 'one', from: 'server', to: 'topic:$messages.taker~1', contentType: null } as const;
    await world.store.publish([
      {
        ...published,
        ...{
          body: Uint8Array.of(1),
          publishedAt: 1,
          expiresAt: Number.MAX_SAFE_INTEGER,
          dueAt: 0,
          durability: 'durable',
        },
        dedup: { kind: 'id' },
      },
    ]);
    await world.settle();
    expect(taker.events).toMatchObject([{ subscription: 1, from: 'server', topic: '$messages.taker~1' }]);
    taker.unsubscribe(1, true);
    await world.settle();
    expect(taker.unsubscribed.at(-1)).toEqual({ subscription: 1, code: 'E_FORBIDDEN' });
    expect((await world.store.queuesOf('taker.1')).map(({ spec }) => spec)).toMatchObject([
      { kind: 'subscription', pattern: '$messages.taker~1' },
    ]);
    const told = { body: Uint8Array.of(1), contentType: null };
    expect(await world.delivery.publish({ to: 'topic:$messages.taker~1', ...told })).toMatchObject({
      code: 'E_BAD_TOPIC',
    });
  });

  it('subscriptions that new permissions do not allow end', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', 'a.b');
    taker.subscribe('c', { subscription: 2 });
    await world.settle();
    world.delivery.permissions = new Permissions([{ agents: ['taker'], deny: { subscribe: ['a.>'] } }]);
    await world.publish(producer, 'topic:a.b', 1);
    await world.publish(producer, 'topic:c', 1, 2);
    expect(taker.unsubscribed).toEqual([{ subscription: 1, code: 'E_FORBIDDEN' }]);
    expect(taker.events).toMatchObject([{ subscription: 2 }]);
  });

  it('the number of subscriptions is bounded', async () => {
    await start({ limits: { subscriptionsPerConnectionMax: 2 } });
    const taker = await world.connect('taker');
    for (const subscription of [1, 2, 3]) taker.subscribe(`t${String(subscription)}`, { subscription });
    await world.settle();
    expect(taker.unsubscribed).toEqual([{ subscription: 3, code: 'E_SUBSCRIPTION_LIMIT' }]);
  });
});

describe('presence and usage', () => {
  it('C10: who watches is told at once and at every change, and only what is allowed', async () => {
    await start({ rules: [{ agents: ['watcher'], deny: { subscribe: ['agent:hidden'] } }] });
    const watcher = await world.connect('watcher');
    watcher.watch('ada');
    watcher.watch('hidden');
    await world.settle();
    const ada = await world.connect('ada');
    await world.connect('hidden');
    await world.cut(ada);
    watcher.watch('ada', false);
    await world.connect('ada');
    expect(watcher.presence).toEqual([
      { agentId: 'hidden', online: false, code: 'E_FORBIDDEN' },
      { agentId: 'ada', online: false, code: undefined },
      { agentId: 'ada', online: true, code: undefined },
      { agentId: 'ada', online: false, code: undefined },
    ]);
  });

  it('2.0.9: connections that do nothing cost the store nothing; usage is handed over once a minute', async () => {
    await start();
    const producer = await world.producer();
    for (let index = 0; index < 50; index++) {
      const idle = await world.connect(`idle-${String(index)}`);
      idle.subscribe(null);
    }
    await world.settle();
    const before = world.store.figures().operations;
    await world.pass(3_600_000);
    expect(world.store.figures().operations).toBe(before);
    await world.publish(producer, 'topic:nowhere', 10);
    producer.publish(11, 'topic:a', { body: new Uint8Array(1_000) });
    await world.pass(60_001);
    await world.cut(producer);
    world.delivery.flushUsage();
    await world.settle();
    const { items } = await world.store.usage({
      agentId: 'producer',
      from: 0,
      to: Number.MAX_SAFE_INTEGER,
      after: undefined,
      limit: 100,
    });
    const mine = items.filter(({ agentId }) => agentId === 'producer');
    const sum = (pick: (row: (typeof mine)[number]) => number): number => mine.reduce((all, row) => all + pick(row), 0);
    expect(sum(({ eventsIn }) => eventsIn)).toBe(11);
    expect(sum(({ bytesIn }) => bytesIn)).toBeGreaterThanOrEqual(1_000);
    expect(sum(({ connections }) => connections)).toBe(1);
    expect(Math.abs(sum(({ onlineMs }) => onlineMs) - 3_660_001)).toBeLessThan(10);
    expect(new Set(mine.map(({ hour }) => hour)).size).toBeGreaterThan(1);
  });

  it('usage has connections that are open, each once, with their time and bytes up to now', async () => {
    await start();
    const producer = await world.producer();
    const used = async (): Promise<Record<string, number>> => {
      world.delivery.flushUsage();
      await world.settle();
      const all = { from: 0, to: Number.MAX_SAFE_INTEGER, after: undefined, limit: 100 };
      const { items } = await world.store.usage({ ...all, agentId: 'producer' });
      const sum = (pick: (row: (typeof items)[number]) => number): number => items.reduce((n, row) => n + pick(row), 0);
      return {
        connections: sum((row) => row.connections),
        minutes: Math.round(sum((row) => row.onlineMs) / 60_000),
        eventsIn: sum((row) => row.eventsIn),
        bytesIn: sum((row) => row.bytesIn),
      };
    };
    await world.pass(600_000);
    producer.publish(1, 'topic:a', { body: new Uint8Array(1_000) });
    expect(await used()).toEqual({ connections: 1, minutes: 10, eventsIn: 1, bytesIn: 1_000 });
    await world.pass(7_200_000);
    producer.publish(2, 'topic:a', { body: new Uint8Array(500) });
    expect(await used()).toEqual({ connections: 1, minutes: 130, eventsIn: 2, bytesIn: 1_500 });
    await world.cut(producer);
    await world.connect('producer');
    expect(await used()).toEqual({ connections: 2, minutes: 130, eventsIn: 2, bytesIn: 1_500 });
  });
});
