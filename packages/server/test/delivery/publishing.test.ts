/** Publishing: receipts, repetitions, refusals one by one, and what happens when too much waits for the store. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { ERRORS, errorByNumber } from '@sealane/shared/errors';
import type { PublishResult } from '../../src/store/index.ts';
import { DeliveryWorld, type WorldOptions } from './delivery-world.ts';
import type { FakeAgent } from './fake-agent.ts';

let world: DeliveryWorld;

async function start(options: WorldOptions = {}): Promise<DeliveryWorld> {
  world = await DeliveryWorld.start(options);
  return world;
}

afterEach(async () => {
  await world.stop();
});

/** Code by number of each refused event. */
function refusals(agent: FakeAgent): [number, string | undefined][] {
  return agent.receipts
    .filter(({ code }) => code !== 0)
    .map(({ number, code }): [number, string | undefined] => [number, errorByNumber(code)])
    .sort(([one], [other]) => one - other);
}

describe('publishing', () => {
  it('E4 2.0.10: 1,000 events get 1,000 receipts, in runs, and are stored, each under an id of its own', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    taker.onEvent = (event) => taker.ack(event);
    await world.publish(producer, 'agent:taker', 1_000);
    expect(producer.receipts).toHaveLength(1);
    expect(producer.receipts[0]).toMatchObject({ number: 1, count: 1_000, durability: 0, code: 0 });
    expect(new Set(taker.events.map(({ eventId }) => eventId)).size).toBe(1_000);
    expect(world.counters.stored).toBe(1_000);
  });

  it('E6: the same number again is absorbed with the same receipt; the outbox is known again after a reconnect', async () => {
    await start();
    let producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 3);
    const [first] = producer.receipts;
    await world.cut(producer);
    producer = await world.producer();
    expect(producer.producersOpened).toEqual([{ producer: 1, number: 3, code: undefined }]);
    await world.publish(producer, 'agent:taker', 3);
    expect(producer.receipts).toEqual([first]);
    expect(taker.events).toHaveLength(3);
    expect(world.counters).toMatchObject({ stored: 3, duplicates: 3 });
  });

  it('R6: the same number with other content is a conflict, and the first stays', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 1);
    producer.publish(1, 'agent:taker', { body: Uint8Array.of(9) });
    await world.settle();
    expect(refusals(producer)).toEqual([[1, 'E_EVENT_CONFLICT']]);
    expect(taker.events.map(({ body }) => new TextDecoder().decode(body))).toEqual(['event 1']);
  });

  it('R14: of a batch that is partly invalid each event is judged on its own', async () => {
    await start({
      enrolled: ['producer', 'taker'],
      rules: [{ agents: ['producer'], deny: { publish: ['secret.>'] } }],
    });
    const producer = await world.producer();
    producer.publish(1, 'agent:taker');
    producer.publish(2, 'agent:nobody');
    producer.publish(3, 'topic:a..b');
    producer.publish(4, 'topic:secret.plan');
    producer.publish(5, 'somewhere');
    producer.publish(6, 'topic:a.*');
    producer.publish(7, 'topic:a.b');
    producer.publish(8, 'topic:$messages.taker');
    await world.settle();
    expect(refusals(producer)).toEqual([
      [2, 'E_UNKNOWN_ADDRESS'],
      [3, 'E_BAD_TOPIC'],
      [4, 'E_FORBIDDEN'],
      [5, 'E_UNKNOWN_ADDRESS'],
      [6, 'E_BAD_TOPIC'],
      [8, 'E_FORBIDDEN'],
    ]);
    const stored = producer.receipts.filter(({ code }) => code === 0);
    expect(stored.map(({ number, count }) => [number, count])).toEqual([
      [1, 1],
      [7, 1],
    ]);
  });

  it('R10: a full direct queue refuses the publisher with a time to come back; a full subscription gets a numbered gap', async () => {
    await start({ queueLimits: { eventsMax: 2 } });
    const producer = await world.producer();
    const direct = await world.consumer('direct');
    const topic = await world.consumer('topic', 'a');
    await world.cut(direct);
    await world.cut(topic);
    await world.publish(producer, 'agent:direct', 3);
    const refused = producer.receipts.find(({ code }) => code === ERRORS.E_QUEUE_FULL.number);
    expect(refused).toMatchObject({ number: 3, count: 1, sequence: 0 });
    expect(refused?.retryAfterMs).toBeGreaterThan(0);
    await world.publish(producer, 'topic:a', 4, 4);
    expect(refusals(producer)).toHaveLength(1);
    const back = await world.consumer('topic', 'a');
    expect(back.log).toEqual(['subscribed', 'event 1', 'event 2', 'skipped 3-4']);
    expect(back.skipped[0]).toMatchObject({ reason: 3 });
  });

  it('permissions that change count from the next event on', async () => {
    await start();
    const producer = await world.producer();
    await world.publish(producer, 'topic:a', 1);
    const { Permissions } = await import('../../src/permissions/index.ts');
    world.delivery.permissions = new Permissions([{ agents: ['producer'], allow: { publish: ['b'] } }]);
    await world.publish(producer, 'topic:a', 1, 2);
    expect(refusals(producer)).toEqual([[2, 'E_FORBIDDEN']]);
  });

  it('rule 6: with too much waiting the connection is not read; after a second what comes is refused, in order', async () => {
    await start({ limits: { publishingEventsMax: 10 } });
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    await world.publish(producer, 'agent:taker', 1);
    const answers: (() => void)[] = [];
    const publish = world.store.publish.bind(world.store);
    world.store.publish = (events) =>
      new Promise<readonly PublishResult[]>((resolve) => {
        answers.push(() => void publish(events).then(resolve));
      });
    await world.publish(producer, 'agent:taker', 10, 2);
    expect(producer.attachment.wantsPause).toBe(true);
    await world.pass(999);
    expect(producer.attachment.wantsPause).toBe(true);
    await world.pass(2);
    expect(producer.attachment.wantsPause).toBe(false);
    await world.publish(producer, 'agent:taker', 2, 12);
    expect(refusals(producer)).toEqual([
      [12, 'E_BUSY'],
      [13, 'E_BUSY'],
    ]);
    expect(producer.receipts.at(-1)?.retryAfterMs).toBeGreaterThan(0);
    world.store.publish = publish;
    for (const answer of answers) answer();
    await world.settle();
    // 14 waits for 12, so that everything stays in order.
    producer.publish(14, 'agent:taker');
    await world.publish(producer, 'agent:taker', 3, 12);
    expect(refusals(producer).at(-1)).toEqual([14, 'E_BUSY']);
    expect(taker.events.map(({ eventId }) => Number(eventId.split('-')[1]))).toEqual(
      Array.from({ length: 14 }, (_, index) => index + 1),
    );
  });

  it('B13, rule 6: what all connections publish together is bounded: the heavy wait, then are refused; the light notice nothing', async () => {
    await start({ inboundBytesMax: 100_000 });
    const [first, second, light] = [
      await world.producer('first'),
      await world.producer('second'),
      await world.producer('light'),
    ];
    const answers: (() => void)[] = [];
    const publish = world.store.publish.bind(world.store);
    world.store.publish = (events) =>
      new Promise<readonly PublishResult[]>((resolve) => {
        answers.push(() => void publish(events).then(resolve));
      });
    const body = new Uint8Array(30_000);
    for (const number of [1, 2]) first.publish(number, 'topic:a', { body });
    for (const number of [1, 2]) second.publish(number, 'topic:a', { body });
    await world.publish(light, 'topic:a', 3);
    expect([first, second, light].map(({ attachment }) => attachment.wantsPause)).toEqual([true, true, false]);
    // The fourth found no room.
    expect([refusals(first), refusals(second)]).toEqual([[], [[2, 'E_BUSY']]]);
    await world.pass(1_001);
    expect(first.attachment.wantsPause).toBe(false);
    first.publish(3, 'topic:a', { body });
    await world.publish(light, 'topic:a', 3, 4);
    expect([refusals(first), refusals(light)]).toEqual([[[3, 'E_BUSY']], []]);
    const { bytes, pauses } = world.delivery.inbound.counts;
    expect([bytes <= 100_000, pauses]).toEqual([true, 2]);
    world.store.publish = publish;
    for (const answer of answers) answer();
    await world.settle();
    second.publish(2, 'topic:a', { body });
    first.publish(3, 'topic:a', { body });
    await world.settle();
    expect([first, second].map((agent) => [agent.attachment.wantsPause, agent.receipts.at(-1)?.code])).toEqual([
      [false, 0],
      [false, 0],
    ]);
    expect([light.receipts.reduce((sum, { count }) => sum + count, 0), world.delivery.inbound.counts.bytes]).toEqual([
      6, 0,
    ]);
  });

  it('B13: one that waits for room is read again as soon as another is done, not when its own events are', async () => {
    await start({ inboundBytesMax: 100_000, limits: { publishPauseMs: 60_000 } });
    const [first, second] = [await world.producer('first'), await world.producer('second')];
    const answers: (() => void)[] = [];
    const publish = world.store.publish.bind(world.store);
    world.store.publish = (events) =>
      new Promise<readonly PublishResult[]>((resolve) => {
        answers.push(() => void publish(events).then(resolve));
      });
    await (first.publish(1, 'topic:a', { body: new Uint8Array(45_000) }), world.settle());
    await (second.publish(1, 'topic:a', { body: new Uint8Array(30_000) }), world.settle());
    expect(second.attachment.wantsPause).toBe(true);
    const { wakes } = second;
    answers[0]?.();
    await world.settle();
    expect([second.attachment.wantsPause, second.wakes - wakes, second.receipts.length]).toEqual([false, 1, 0]);
    answers[1]?.();
    await world.settle();
  });

  it('what an outbox has in flight behind an event that the store refused for now is refused too, so that order stays', async () => {
    await start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    const publish = world.store.publish.bind(world.store);
    world.store.publish = () => {
      world.store.publish = publish;
      return Promise.resolve([{ status: 'refused', code: 'E_STORE_FULL', retryAfterMs: 1_000 }]);
    };
    await world.publish(producer, 'agent:taker', 1, 1);
    await world.publish(producer, 'agent:taker', 1, 2);
    const { number } = ERRORS.E_STORE_FULL;
    expect(producer.receipts).toMatchObject([
      { number: 1, code: number },
      { number: 2, code: number },
    ]);
    await world.publish(producer, 'agent:taker', 2, 1);
    expect(taker.events.map(({ eventId }) => Number(eventId.split('-')[1]))).toEqual([1, 2]);
  });

  it('an outbox whose name is none, and more of them than the limit, are refused', async () => {
    await start({ limits: { producersPerConnectionMax: 2 } });
    const agent = await world.producer();
    agent.say({ id: 0x39, producer: 2, producerId: '!'.repeat(16) });
    agent.openProducer(3, 'second');
    agent.openProducer(4, 'third');
    await world.settle();
    expect(agent.producersOpened.map(({ producer, code }) => [producer, code])).toEqual(
      expect.arrayContaining([
        [2, 'E_BAD_REQUEST'],
        [3, undefined],
        [4, 'E_BUSY'],
      ]),
    );
  });

  it('the server publishes too: the same id is absorbed, other content is a conflict', async () => {
    await start({ enrolled: ['taker'] });
    const taker = await world.consumer('taker');
    const body = Uint8Array.of(1);
    const event = { to: 'agent:taker', body, contentType: null };
    const first = await world.delivery.publish({ ...event, id: 'order-1' });
    expect(first).toMatchObject({ status: 'stored', id: 'order-1', durability: 'durable' });
    expect(await world.delivery.publish({ ...event, id: 'order-1' })).toMatchObject({ status: 'duplicate' });
    const other = await world.delivery.publish({ ...event, id: 'order-1', body: Uint8Array.of(2) });
    expect(other).toMatchObject({ status: 'refused', code: 'E_EVENT_CONFLICT' });
    expect(await world.delivery.publish({ ...event, to: 'agent:nobody' })).toMatchObject({ code: 'E_UNKNOWN_ADDRESS' });
    expect(await world.delivery.publish({ ...event, to: 'topic:a b' })).toMatchObject({ code: 'E_BAD_TOPIC' });
    const large = await world.delivery.publish({ ...event, body: new Uint8Array(98_305) });
    expect(large).toMatchObject({ code: 'E_EVENT_TOO_LARGE' });
    await expect(world.delivery.publish({ ...event, id: 'x'.repeat(129) })).rejects.toThrow(RangeError);
    await world.settle();
    expect(taker.events).toMatchObject([{ from: 'server', eventId: 'order-1' }]);
  });
});
