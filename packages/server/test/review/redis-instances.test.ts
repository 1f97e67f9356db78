/** Instances of one agent on several nodes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { EventAgent } from '../delivery/event-agent.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { newIdentity } from '../test-agent.ts';
import { TestServer, eventually } from '../test-server.ts';

describeWithRedis('instances of an agent on two nodes', () => {
  it('M9: one that subscribes what another has takes that over, and no connection ends', async () => {
    const redis = await RedisServer.start();
    const a = await TestServer.start({ store: redis.url });
    const b = await TestServer.start({ store: redis.url });
    const identity = newIdentity();
    const main = await EventAgent.open({ port: a.port, agentId: 'bob', identity });
    await main.subscribe('x.>');
    main.onEvent = (event) => main.ack(event);
    await a.library.publish('topic:x.y', 1);
    await eventually('the first', () => main.events.length === 1);
    const other = await EventAgent.open({ port: b.port, agentId: 'bob', identity, instance: 'two' });
    await other.subscribe('x.>');
    other.onEvent = (event) => other.ack(event);
    for (let count = 2; count <= 10; count++) await a.library.publish('topic:x.y', count);
    const seen = () => new Set([...main.events, ...other.events].map(({ sequence }) => sequence)).size;
    await eventually('all events', () => seen() === 10);
    await eventually('the end of one subscription', () => main.unsubscribed.length === 1, 20_000);
    await sleep(200);
    expect(main.unsubscribed).toEqual(['E_REPLACED']);
    expect([main.agent.session.state, other.agent.session.state]).toEqual(['Open', 'Open']);
    await Promise.all([main.agent.close(), other.agent.close()]);
    await Promise.all([a.stop(), b.stop()]);
    await redis.stop();
  }, 60_000);
});
