/** Queue groups: what is skipped, and what leaves the store while a member has it. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { DeliveryWorld } from '../delivery/delivery-world.ts';

let world: DeliveryWorld;

afterEach(async () => {
  await world.stop();
});

describe('queue groups', () => {
  it('R13: skips that a member did not ack before it left are announced again, all of them', async () => {
    world = await DeliveryWorld.start({ queueLimits: { eventsMax: 2 } });
    const producer = await world.producer();
    let member = await world.consumer('worker', 'jobs', { group: 'crew' });
    await world.cut(member);
    await world.publish(producer, 'topic:jobs', 6);
    member = await world.consumer('worker', 'jobs', { group: 'crew' });
    expect(member.log).toEqual(['subscribed', 'event 1', 'event 2', 'skipped 3-6']);
    await world.cut(member);
    member = await world.consumer('worker', 'jobs', { group: 'crew' });
    expect(member.log).toEqual(['subscribed', 'event 1', 'event 2', 'skipped 3-6']);
  });

  it('R9 R13: an event that expires while it rests is announced as skipped, and no other event is lost by it', async () => {
    world = await DeliveryWorld.start();
    const producer = await world.producer();
    const member = await world.consumer('worker', 'jobs', { group: 'crew', windowEvents: 2, ackWaitMs: 3_600_000 });
    producer.publish(1, 'topic:jobs', { ttlMs: 5_000 });
    for (let number = 2; number <= 5; number++) producer.publish(number, 'topic:jobs');
    await world.settle();
    const [first, second] = member.events;
    if (first !== undefined) member.nack(first, 200_000);
    await world.pass(100_000);
    if (second !== undefined) member.ack(second);
    await world.pass(150_000);
    member.onEvent = (event) => member.ack(event);
    const [third] = member.events.slice(2);
    if (third !== undefined) member.ack(third);
    for (const skipped of member.skipped) member.seen(skipped);
    await world.pass(10_000);
    expect(member.log).toEqual(['subscribed', 'event 1', 'event 2', 'event 3', 'skipped 1-1', 'event 4', 'event 5']);
    expect(await world.store.openQueue({ kind: 'group', group: 'crew', pattern: 'jobs' })).toMatchObject({
      settledTo: 5,
      waiting: 0,
    });
  });

  it('R2: what members had goes to whoever comes after all of them have left, one after the other', async () => {
    world = await DeliveryWorld.start();
    const producer = await world.producer();
    const first = await world.consumer('first', 'jobs', { group: 'crew' });
    const second = await world.consumer('second', 'jobs', { group: 'crew' });
    await world.publish(producer, 'topic:jobs', 6);
    expect(first.events.length + second.events.length).toBe(6);
    await world.cut(first);
    await world.cut(second);
    const third = await world.consumer('third', 'jobs', { group: 'crew' });
    expect(third.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(third.events.every(({ attempt }) => attempt > 1)).toBe(true);
  });

  it('R17: what a member was about to get when it left comes first to the one after it', async () => {
    world = await DeliveryWorld.start();
    const producer = await world.producer();
    await world.cut(await world.consumer('leaving', 'jobs', { group: 'crew' }));
    await world.publish(producer, 'topic:jobs', 2);
    // A disk on which the first read takes long.
    const read = world.store.read.bind(world.store);
    const late = Promise.withResolvers<undefined>();
    world.store.read = async (...request) => {
      world.store.read = read;
      const items = await read(...request);
      await late.promise;
      return items;
    };
    await world.cut(await world.consumer('leaving', 'jobs', { group: 'crew' }));
    await world.publish(producer, 'topic:jobs', 2, 3);
    const next = await world.consumer('next', 'jobs', { group: 'crew' });
    late.resolve(undefined);
    await world.settle();
    expect(next.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4]);
  });

  it('R13: a skip that was taken note of while an earlier event was out is settled after its member has left', async () => {
    world = await DeliveryWorld.start();
    const producer = await world.producer();
    const member = await world.consumer('worker', 'jobs', { group: 'crew' });
    producer.publish(1, 'topic:jobs');
    producer.publish(2, 'topic:jobs', { ttlMs: 1_000 });
    await world.settle();
    const [, second] = member.events;
    if (second !== undefined) member.nack(second, 2_000);
    member.onSkipped = (skipped) => member.seen(skipped);
    await world.pass(5_000);
    expect(member.skipped).toMatchObject([{ from: 2, to: 2, reason: 1 }]);
    await world.cut(member);
    const next = await world.connect('next');
    next.onEvent = (event) => next.ack(event);
    next.onSkipped = (skipped) => next.seen(skipped);
    next.subscribe('jobs', { group: 'crew' });
    await world.pass(1_000);
    expect(await world.store.openQueue({ kind: 'group', group: 'crew', pattern: 'jobs' })).toMatchObject({
      settledTo: 2,
      waiting: 0,
    });
  });
});
