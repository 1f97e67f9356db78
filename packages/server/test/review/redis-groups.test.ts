/** Queue groups of a server on Redis: members that come and go. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { EventAgent } from '../delivery/event-agent.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { TestServer, eventually } from '../test-server.ts';

describeWithRedis('queue groups on Redis', () => {
  let redis: RedisServer;
  let server: TestServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
    server = await TestServer.start({ store: redis.url });
  });

  afterAll(async () => {
    await server.stop();
    await redis.stop();
  });

  it('R2 M7: acks count when the member is gone in whose name the events were read', async () => {
    const open = async (agentId: string) => {
      const agent = await EventAgent.open({ port: server.port, agentId });
      await agent.subscribe('jobs', { group: 'crew' });
      return agent;
    };
    const first = await open('first');
    const second = await open('second');
    for (let count = 0; count < 6; count++) await server.library.publish('topic:jobs', { count });
    await eventually('six deliveries', () => first.events.length + second.events.length === 6);
    await first.agent.close();
    await eventually('all with the second', () => new Set(second.events.map(({ sequence }) => sequence)).size === 6);
    for (const event of second.events) second.ack(event);
    await second.agent.close();
    const third = await open('third');
    const [subscribed] = third.subscribed;
    expect(subscribed).toMatchObject({ cursor: 6, waiting: 0 });
  });
});
