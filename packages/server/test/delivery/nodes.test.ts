/** Two servers on one Redis: events from one reach agents on the other, and an agent is on one of them only. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { DEFAULT_DELIVERY_LIMITS } from '../../src/config/index.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { newIdentity } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';
import { EventAgent } from './event-agent.ts';

describeWithRedis('events over two servers on one Redis', () => {
  let redis: RedisServer;
  let one: TestServer;
  let two: TestServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());

  beforeEach(async () => {
    await redis.command('FLUSHALL');
    const limitOverrides = { delivery: { ...DEFAULT_DELIVERY_LIMITS, presencePollMs: 250 } };
    one = await TestServer.start({ store: redis.url, limitOverrides });
    two = await TestServer.start({ store: redis.url, limitOverrides });
  });
  afterEach(async () => {
    await Promise.all([one.stop(), two.stop()]);
  });

  it('H4: what is published at one server reaches an agent at the other, once, in order', async () => {
    const taker = await EventAgent.open({ port: two.port, agentId: 'taker' });
    taker.onEvent = (event) => taker.ack(event);
    await taker.subscribe(null);
    const producer = await EventAgent.open({ port: one.port, agentId: 'producer' });
    await producer.openProducer();
    for (let number = 1; number <= 1_000; number++) producer.publish(number, 'agent:taker');
    producer.agent.wake();
    await eventually('receipts', () => producer.stored === 1_000, 10_000);
    await eventually('events', () => taker.events.length === 1_000, 10_000);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 1),
    );
    await eventually('acks', () => two.library.counters().events.acked === 1_000);
    await expect(one.library.publish('agent:nobody', 'x')).rejects.toMatchObject({ code: 'E_UNKNOWN_ADDRESS' });
  }, 60_000);

  it('M9: the same agent at the other server takes over: the first is told, and its acks count for nothing', async () => {
    const identity = newIdentity();
    const first = await EventAgent.open({ port: one.port, agentId: 'taker', identity });
    await first.subscribe(null);
    await one.library.publish('agent:taker', 'hello');
    await eventually('the event', () => first.events.length === 1, 10_000);
    const second = await EventAgent.open({ port: two.port, agentId: 'taker', identity });
    expect(await first.agent.closed).toMatchObject({ code: 'E_REPLACED' });
    second.onEvent = (event) => second.ack(event);
    await second.subscribe(null);
    await eventually('the event again', () => second.events.length === 1, 10_000);
    expect(second.events[0]).toMatchObject({ sequence: 1, attempt: 2 });
    await eventually('its ack', () => two.library.counters().events.acked === 1);
  }, 60_000);

  it('M7: the work of a server that is gone goes to the group at the other', async () => {
    const first = await EventAgent.open({ port: one.port, agentId: 'a' });
    await first.subscribe('work', { group: 'crew' });
    for (let index = 0; index < 5; index++) await two.library.publish('topic:work', String(index));
    await eventually('the events', () => first.events.length === 5, 10_000);
    const second = await EventAgent.open({ port: two.port, agentId: 'b' });
    second.onEvent = (event) => second.ack(event);
    await second.subscribe('work', { group: 'crew' });
    await one.library.close();
    await eventually('the events again', () => second.events.length === 5, 20_000);
    expect(second.events.map(({ sequence, attempt }) => [sequence, attempt])).toEqual(
      [1, 2, 3, 4, 5].map((each) => [each, 2]),
    );
  }, 60_000);

  it('C10: presence is seen from the other server', async () => {
    const watcher = await EventAgent.open({ port: one.port });
    watcher.agent.session.watchPresence('ada', true);
    watcher.agent.wake();
    await eventually('the first answer', () => watcher.presence.length === 1);
    const ada = await EventAgent.open({ port: two.port, agentId: 'ada' });
    await eventually('ada is here', () => watcher.presence.length === 2, 10_000);
    ada.agent.destroy();
    await eventually('ada is gone', () => watcher.presence.length === 3, 10_000);
    expect(watcher.presence.map(({ online }) => online)).toEqual([false, true, false]);
  }, 60_000);
});
