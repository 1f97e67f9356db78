/** Events over real connections: a server, agents, sockets. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ProtocolError } from '@sealane/shared/errors';
import { newIdentity } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';
import { EventAgent } from './event-agent.ts';

let server: TestServer;

afterEach(async () => {
  await server.stop();
});

describe.each(['memory:', undefined])('events over connections, store %s', (store) => {
  beforeEach(async () => {
    server = await TestServer.start({ store });
  });

  it('E1: an agent publishes, another takes and acks, and what waited for one that was away comes when it is back', async () => {
    const identity = newIdentity();
    const { port } = server;
    let taker = await EventAgent.open({ port, agentId: 'taker', identity });
    await taker.subscribe(null);
    await taker.agent.close();
    const producer = await EventAgent.open({ port });
    await producer.openProducer();
    for (let number = 1; number <= 500; number++) producer.publish(number, 'agent:taker', Uint8Array.of(number & 255));
    producer.agent.wake();
    await eventually('500 receipts', () => producer.stored === 500);
    expect(producer.receipts.length).toBeLessThan(50);
    taker = await EventAgent.open({ port, agentId: 'taker', identity });
    taker.onEvent = (event) => taker.ack(event);
    expect(await taker.subscribe(null)).toMatchObject({ waiting: 500 });
    await eventually('500 events', () => taker.events.length === 500);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    await eventually('500 acks', () => server.library.counters().events.acked === 500);
    expect(server.library.counters().events).toMatchObject({ published: { stored: 500 }, redelivered: 0 });
  });

  it('2.0.8 E3: more than 10,000 acked events a second on one connection', async () => {
    const { port } = server;
    const taker = await EventAgent.open({ port, agentId: 'taker' });
    taker.onEvent = (event) => taker.ack(event);
    await taker.subscribe('load');
    const producer = await EventAgent.open({ port });
    await producer.openProducer();
    const count = 20_000;
    const startAt = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let number = 1; number <= count; number++) {
      producer.publish(number, 'topic:load', new Uint8Array(64));
      if (number % 500 === 0) {
        producer.agent.wake();
        await eventually('receipts', () => producer.stored > number - 2_000, 20_000);
      }
    }
    await eventually('all acks', () => server.library.counters().events.acked === count, 20_000);
    const { user, system } = process.cpuUsage(cpuBefore);
    // What other programs took of the machine meanwhile is not counted.
    const seconds = Math.min((performance.now() - startAt) / 1_000, (user + system) / 1_000_000);
    expect(count / seconds).toBeGreaterThan(10_000);
  });

  it('the library publishes: receipt, repetition, conflict, unknown agent', async () => {
    const taker = await EventAgent.open({ port: server.port, agentId: 'taker' });
    await taker.subscribe(null);
    const first = await server.library.publish('agent:taker', 'hello', { id: 'one' });
    expect(first).toMatchObject({ id: 'one', isDuplicate: false });
    const second = await server.library.publish('agent:taker', 'hello', { id: 'one' });
    expect(second).toEqual({ ...first, isDuplicate: true });
    await expect(server.library.publish('agent:taker', 'other', { id: 'one' })).rejects.toMatchObject({
      code: 'E_EVENT_CONFLICT',
    });
    await expect(server.library.publish('agent:nobody', 'x')).rejects.toThrow(ProtocolError);
    await eventually('the event', () => taker.events.length > 0);
    expect(taker.events).toMatchObject([{ from: 'server', eventId: 'one', contentType: 'text/plain', topic: null }]);
  });

  it('T15 2.0.16: the same agent again takes over, and what the first had comes to it', async () => {
    const { port } = server;
    const identity = newIdentity();
    const first = await EventAgent.open({ port, agentId: 'taker', identity });
    await first.subscribe(null);
    await server.library.publish('agent:taker', 'hello');
    await eventually('the event', () => first.events.length === 1);
    const second = await EventAgent.open({ port, agentId: 'taker', identity });
    expect(await first.agent.closed).toMatchObject({ code: 'E_REPLACED' });
    await second.subscribe(null);
    await eventually('the event again', () => second.events.length === 1);
    expect(second.events[0]).toMatchObject({ sequence: 1, attempt: 2 });
  });

  it('a reload ends subscriptions that are not allowed any more', async () => {
    const taker = await EventAgent.open({ port: server.port, agentId: 'taker' });
    await taker.subscribe('a.b');
    const permissionsFile = join(server.directory, 'permissions.json');
    writeFileSync(permissionsFile, '{"version":1,"rules":[{"agents":["*"],"deny":{"subscribe":["a.*"]}}]}');
    await server.library.reload({ permissionsFile });
    await eventually('the end', () => taker.unsubscribed.length === 1);
    expect(taker.unsubscribed).toEqual(['E_FORBIDDEN']);
  });

  it('C10: presence flips when an agent comes and goes', async () => {
    const { port } = server;
    const watcher = await EventAgent.open({ port });
    watcher.agent.session.watchPresence('ada', true);
    watcher.agent.wake();
    await eventually('the first answer', () => watcher.presence.length === 1);
    const ada = await EventAgent.open({ port, agentId: 'ada' });
    await eventually('ada is here', () => watcher.presence.length === 2);
    ada.agent.destroy();
    await eventually('ada is gone', () => watcher.presence.length === 3);
    expect(watcher.presence.map(({ online }) => online)).toEqual([false, true, false]);
  });

  it('O1: a drain gives receipts and takes acks of what is under way, tells agents when to come back, and ends', async () => {
    const { port } = server;
    const taker = await EventAgent.open({ port, agentId: 'taker' });
    await taker.subscribe(null);
    await server.library.publish('agent:taker', 'hello');
    await eventually('the event', () => taker.events.length === 1);
    const producer = await EventAgent.open({ port });
    await producer.openProducer();
    const drained = server.library.drain({ workMs: 20_000 });
    for (let number = 1; number <= 100; number++) producer.publish(number, 'agent:taker');
    producer.agent.wake();
    await eventually('receipts', () => producer.stored === 100);
    expect(taker.events).toHaveLength(1);
    taker.ack(taker.events[0]!);
    const startAt = performance.now();
    await drained;
    expect(performance.now() - startAt).toBeLessThan(10_000);
    expect(await taker.agent.closed).toMatchObject({ reason: 'closed' });
    const away = taker.agent.events.find(({ type }) => type === 'go-away');
    expect(away).toMatchObject({ code: 'E_DRAINING' });
  });
});
