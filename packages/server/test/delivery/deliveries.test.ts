/** Deliveries: windows, acks, redelivery, dead letters, order and what is skipped, on virtual time. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { StorageError } from '@sealane/shared/errors';
import { DeliveryWorld, type WorldOptions } from './delivery-world.ts';

let world: DeliveryWorld;

async function start(options: WorldOptions = {}): Promise<DeliveryWorld> {
  world = await DeliveryWorld.start(options);
  return world;
}

afterEach(async () => {
  await world.stop();
});

describe('deliveries', () => {
  it('E1 E10 A3: what is published to an agent arrives once, in order, gapless from 1, and acked events stay away', async () => {
    await start();
    const producer = await world.producer();
    let taker = await world.consumer('taker');
    taker.onEvent = (event) => taker.ack(event);
    await world.publish(producer, 'agent:taker', 1_000);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    );
    expect(new Set(taker.events.map(({ attempt }) => attempt))).toEqual(new Set([1]));
    expect(taker.events[0]).toMatchObject({ from: 'agent:producer', topic: null, eventId: 'outbox__________-1' });
    await world.cut(taker);
    taker = await world.consumer('taker');
    expect(taker.subscribed[0]).toMatchObject({ cursor: 1_000, nextSequence: 1_001, waiting: 0 });
    await world.pass(120_000);
    expect(taker.events).toEqual([]);
  });

  it('E3 2.0.7: at most the window is unacked, and one event that nobody acks holds nobody up', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', null, { windowEvents: 10 });
    await world.publish(producer, 'agent:taker', 100);
    expect(taker.events).toHaveLength(10);
    for (let index = 1; index < taker.events.length || index < 100; index++) {
      const event = taker.events[index];
      if (event === undefined) break;
      taker.ack(event);
      await world.settle();
    }
    expect(taker.events).toHaveLength(100);
    expect(taker.events[0]).toMatchObject({ sequence: 1, attempt: 1 });
    await world.publish(producer, 'topic:elsewhere', 10, 101);
    expect(producer.receipts.reduce((sum, { count }) => sum + count, 0)).toBe(110);
  });

  it('the window is bounded in bytes too, and by what waits to be sent', async () => {
    await start({ limits: { windowBytesMax: 1_000 } });
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    for (let number = 1; number <= 10; number++) {
      producer.publish(number, 'agent:taker', { body: new Uint8Array(300) });
    }
    await world.settle();
    expect(taker.events).toHaveLength(4);
    taker.unsent = taker.highWaterBytes;
    for (const event of taker.events.slice()) taker.ack(event);
    await world.settle();
    expect(taker.events).toHaveLength(4);
    taker.unsent = 0;
    taker.attachment.onDrain();
    await world.settle();
    expect(taker.events).toHaveLength(8);
  });

  it('R2 R3: what was not acked comes again after a cut, attempt 2, and is acked then', async () => {
    await start();
    const producer = await world.producer();
    let taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 5);
    taker.ack(taker.events[1]!);
    await world.settle();
    await world.cut(taker);
    taker = await world.consumer('taker');
    expect(taker.events.map(({ sequence, attempt }) => [sequence, attempt])).toEqual([
      [1, 2],
      [3, 2],
      [4, 2],
      [5, 2],
    ]);
    await world.publish(producer, 'agent:taker', 1, 6);
    expect(taker.events.at(-1)).toMatchObject({ sequence: 6, attempt: 1 });
    expect(world.counters.deadLettered).toEqual({ nack: 0, timeout: 0 });
  });

  it('R3: acks that were lost on the way are told at Subscribe, and nothing of it is delivered again', async () => {
    await start();
    const producer = await world.producer();
    let taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 8);
    const { lineage } = taker.subscribed[0]!;
    await world.cut(taker);
    // Done: 1 to 3, and 5 and 8.
    taker = await world.consumer('taker', null, { lineage, cursor: 3, doneBitmap: Uint8Array.of(0b0001_0010) });
    await world.pass(100);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([4, 6, 7]);
    expect(taker.subscribed[0]).toMatchObject({ cursor: 3, waiting: 3 });
    await world.cut(taker);
    taker = await world.consumer('taker', null, { lineage: new Uint8Array(16).fill(9), cursor: 7 });
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([4, 6, 7]);
  });

  it('R11: a cursor beyond the end counts for nothing, and new events arrive', async () => {
    await start();
    const producer = await world.producer();
    let taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 2);
    const { lineage } = taker.subscribed[0]!;
    await world.cut(taker);
    taker = await world.consumer('taker', null, {
      lineage,
      cursor: 2 ** 53 - 1,
      doneBitmap: new Uint8Array(512).fill(255),
    });
    await world.pass(100);
    expect(taker.subscribed[0]).toMatchObject({ cursor: 0, nextSequence: 3 });
    await world.publish(producer, 'agent:taker', 1, 3);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it('R4 2.0.5: any number of bogus acks leaves the queue as it is, and is counted', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', null, { windowEvents: 2 });
    const other = await world.consumer('other');
    await world.publish(producer, 'agent:taker', 3);
    for (let sequence = 1; sequence < 200; sequence++) {
      other.ack({ subscription: 1, sequence, attempt: 1 });
      other.ack({ subscription: 7, sequence, attempt: 1 });
      taker.ack({ subscription: 1, sequence: sequence + 10, attempt: 1 });
      taker.ack({ subscription: 1, sequence: 1, attempt: 2 });
    }
    await world.settle();
    expect(world.counters.acksRefused).toEqual({ stale: 199, unknown: 3 * 199, foreign: 0 });
    expect(world.counters.acked).toBe(0);
    expect((await world.store.openQueue({ kind: 'agent', agentId: 'taker' })).waiting).toBe(3);
    taker.ack(taker.events[0]!);
    taker.ack(taker.events[0]!);
    await world.settle();
    expect(world.counters.acked).toBe(1);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  });

  it('R8: an ack that is late leads to a redelivery, after which the old ack counts for nothing; progress prevents it', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', null, { ackWaitMs: 5_000 });
    await world.publish(producer, 'agent:taker', 2);
    const [slow, working] = taker.events;
    for (let round = 0; round < 3; round++) {
      await world.pass(3_000);
      taker.progress(working!);
    }
    expect(taker.events.slice(2).map(({ sequence, attempt }) => [sequence, attempt])).toEqual([[1, 2]]);
    taker.ack(slow!);
    taker.ack(working!);
    await world.settle();
    expect(world.counters.acked).toBe(1);
    expect(world.counters.acksRefused.stale).toBe(1);
    taker.ack(taker.events.at(-1)!);
    await world.settle();
    expect(world.counters.acked).toBe(2);
    await world.pass(300_000);
    expect(taker.events.filter(({ sequence }) => sequence === 1).length).toBe(2);
  });

  it('B11: a program that slept condemns no delivery', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 3);
    await world.environment.sleep(40_000);
    expect(world.counters.ackTimeouts).toBe(0);
    for (const event of taker.events.slice()) taker.ack(event);
    await world.pass(60_000);
    expect(world.counters).toMatchObject({ acked: 3, ackTimeouts: 0 });
  });

  it('E2 2.0.6 R16: nacks back off with jitter, and after 20 failures there is a dead letter with its reason', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    const at: number[] = [];
    taker.onEvent = (event) => {
      at.push(world.environment.now());
      taker.nack(event, 0, `attempt ${String(event.attempt)}`);
    };
    taker.onSkipped = (skipped) => taker.seen(skipped);
    await world.publish(producer, 'agent:taker', 1);
    await world.pass(2_000_000);
    expect(taker.events.map(({ attempt }) => attempt)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    const waits = at.slice(1).map((time, index) => time - at[index]!);
    for (const [index, wait] of waits.entries()) {
      const base = Math.min(1_000 * 2 ** index, 60_000);
      expect(wait).toBeGreaterThanOrEqual(base * 0.8);
      expect(wait).toBeLessThanOrEqual(base * 1.2 + 1);
    }
    expect(new Set(waits.slice(7).map(Math.round)).size).toBeGreaterThan(5);
    expect(taker.skipped).toEqual([{ id: 0x38, subscription: 1, from: 1, to: 1, reason: 4 }]);
    const { items } = await world.store.deadLetters({ after: undefined, limit: 10 });
    expect(items).toMatchObject([{ reason: 'attempt 20' }]);
    expect(world.counters.deadLettered).toEqual({ nack: 1, timeout: 0 });
    await world.pass(200_000);
    expect([taker.events.length, taker.skipped.length]).toEqual([20, 1]);
    expect(await world.store.openQueue({ kind: 'agent', agentId: 'taker' })).toMatchObject({
      settledTo: 1,
      waiting: 0,
    });
  });

  it('a nack may name its delay, at most an hour', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 2);
    taker.nack(taker.events[0]!, 10_000);
    taker.nack(taker.events[1]!, 100_000_000);
    await world.pass(9_999);
    expect(taker.events).toHaveLength(2);
    await world.pass(2);
    expect(taker.events).toHaveLength(3);
    await world.pass(3_600_000);
    expect(taker.events.at(-1)).toMatchObject({ sequence: 2, attempt: 2 });
  });

  it('acks that the store did not take for now are told again, and nothing is delivered again', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    taker.onEvent = (event) => taker.ack(event);
    const settle = world.store.settle.bind(world.store);
    world.store.settle = () => Promise.reject(new StorageError('E_STORE_UNAVAILABLE'));
    await world.publish(producer, 'agent:taker', 3);
    await world.pass(500);
    expect(world.counters.storeRetries).toBeGreaterThan(0);
    world.store.settle = settle;
    await world.pass(2_000);
    expect(await world.store.openQueue({ kind: 'agent', agentId: 'taker' })).toMatchObject({
      settledTo: 3,
      waiting: 0,
    });
    expect(taker.events).toHaveLength(3);
  });

  it('what failed keeps its place in the window until it is settled', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', null, { windowEvents: 2 });
    await world.publish(producer, 'agent:taker', 5);
    for (const event of taker.events.slice()) taker.nack(event, 10_000);
    await world.pass(9_000);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
    taker.onEvent = (event) => taker.ack(event);
    await world.pass(2_000);
    await world.settle();
    for (const event of taker.events.slice(2)) taker.ack(event);
    await world.settle();
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([1, 2, 1, 2, 3, 4, 5]);
  });

  it('large events that waited all come, though a read takes only a part of them', async () => {
    await start();
    const producer = await world.producer();
    await world.cut(await world.consumer('taker'));
    const body = new Uint8Array(98_304);
    for (let number = 1; number <= 40; number++) producer.publish(number, 'agent:taker', { body });
    await world.settle();
    const taker = await world.consumer('taker');
    taker.onEvent = (event) => taker.ack(event);
    await world.settle();
    for (const event of taker.events.slice()) taker.ack(event);
    await world.settle();
    expect(taker.events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('R9: an event that expired is announced in its place, exactly on time', async () => {
    await start({ queueLimits: { retentionMs: 30 * 86_400_000 } });
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.cut(taker);
    producer.publish(1, 'agent:taker');
    producer.publish(2, 'agent:taker', { ttlMs: 60_000 });
    producer.publish(3, 'agent:taker', { ttlMs: 60_000 });
    producer.publish(4, 'agent:taker', { ttlMs: 60_001 });
    await world.pass(60_000);
    const back = await world.consumer('taker');
    expect(back.log).toEqual(['subscribed', 'event 1', 'skipped 2-3', 'event 4']);
    expect(back.skipped).toMatchObject([{ reason: 1 }]);
    back.seen(back.skipped[0]!);
    for (const event of back.events) back.ack(event);
    await world.settle();
    expect(await world.store.openQueue({ kind: 'agent', agentId: 'taker' })).toMatchObject({
      settledTo: 4,
      waiting: 0,
    });
  });

  it('what expires while it waits for its redelivery is announced as skipped', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    producer.publish(1, 'agent:taker', { ttlMs: 5_000 });
    await world.settle();
    taker.nack(taker.events[0]!, 6_000);
    await world.pass(7_000);
    expect(taker.log).toEqual(['subscribed', 'event 1', 'skipped 1-1']);
    taker.seen(taker.skipped[0]!);
    await world.pass(100_000);
    expect(taker.skipped).toHaveLength(1);
  });

  it('a skip that is not taken note of is announced again', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.cut(taker);
    producer.publish(1, 'agent:taker', { ttlMs: 10 });
    await world.pass(11);
    const back = await world.consumer('taker');
    await world.pass(32_000);
    expect(back.skipped).toHaveLength(2);
    back.seen(back.skipped[1]!);
    await world.pass(100_000);
    expect(back.skipped).toHaveLength(2);
  });

  it('R15: Unsubscribe with 64 in flight loses none of them; what is forgotten is gone', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker', 'a.*', { windowEvents: 64 });
    await world.publish(producer, 'topic:a.b', 100);
    expect(taker.events).toHaveLength(64);
    taker.unsubscribe();
    await world.settle();
    expect(taker.unsubscribed).toEqual([{ subscription: 1, code: undefined }]);
    taker.ack(taker.events[0]!);
    expect(world.counters.acksRefused.unknown).toBe(1);
    taker.onEvent = (event) => taker.ack(event);
    taker.subscribe('a.*', { subscription: 2 });
    await world.settle();
    const again = taker.events.slice(64);
    expect(again.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    expect(again.map(({ attempt }) => attempt)).toEqual([...Array<number>(64).fill(2), ...Array<number>(36).fill(1)]);
    taker.unsubscribe(2, true);
    await world.publish(producer, 'topic:a.b', 5, 101);
    taker.subscribe('a.*', { subscription: 3 });
    await world.settle();
    expect(taker.subscribed.at(-1)).toMatchObject({ waiting: 0, nextSequence: 1 });
  });

  it('delayed events come when they are due', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    producer.publish(1, 'agent:taker', { delayMs: 10_000 });
    producer.publish(2, 'agent:taker');
    await world.settle();
    expect(taker.events.map(({ eventId }) => eventId)).toEqual(['outbox__________-2']);
    await world.pass(10_001);
    expect(taker.events.map(({ sequence, eventId }) => [sequence, eventId])).toEqual([
      [1, 'outbox__________-2'],
      [2, 'outbox__________-1'],
    ]);
  });

  it('2.0.16: the same agent again takes over: what the first had comes to the second, attempt 2', async () => {
    await start();
    const producer = await world.producer();
    const first = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 3);
    const second = await world.connect('taker');
    first.ack(first.events[0]!);
    await world.settle();
    expect(first.failedWith).toBe('E_REPLACED');
    await world.cut(first);
    second.subscribe(null);
    await world.settle();
    expect(second.events.map(({ sequence, attempt }) => [sequence, attempt])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
  });

  it('only the instance main takes what is addressed to its agent; others name a topic', async () => {
    await start();
    const shot = await world.connect('taker', 'x81b');
    shot.subscribe(null);
    shot.subscribe('a', { subscription: 2 });
    await world.settle();
    expect(shot.unsubscribed).toEqual([{ subscription: 1, code: 'E_BAD_REQUEST' }]);
    expect(shot.subscribed).toHaveLength(1);
  });

  it.each(['', 'a..b', 'a.>.b', 'a b', 'a*', 'x'.repeat(65), Array(17).fill('a').join('.')])(
    'D9: the pattern "%s" is refused',
    async (topic) => {
      await start();
      const agent = await world.connect('taker');
      agent.subscribe(topic);
      await world.settle();
      expect(agent.unsubscribed).toEqual([{ subscription: 1, code: 'E_BAD_TOPIC' }]);
    },
  );

  it('D6: a handle that is in use, and an outbox that is not open, end the session', async () => {
    await start();
    const twice = await world.consumer('one');
    twice.subscribe('a');
    const unopened = await world.connect('two');
    unopened.publish(1, 'topic:a');
    expect([twice.failedWith, unopened.failedWith]).toEqual(['E_STATE', 'E_STATE']);
  });

  it('a drain stops deliveries, and takes acks and gives receipts still', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 2);
    world.delivery.drain();
    await world.publish(producer, 'agent:taker', 2, 3);
    expect(taker.events).toHaveLength(2);
    expect(producer.receipts.reduce((sum, { count }) => sum + count, 0)).toBe(4);
    expect(taker.attachment.isIdle).toBe(false);
    for (const event of taker.events) taker.ack(event);
    await world.settle();
    expect(taker.attachment.isIdle).toBe(true);
    expect(await world.store.openQueue({ kind: 'agent', agentId: 'taker' })).toMatchObject({
      settledTo: 2,
      waiting: 2,
    });
  });
});
