import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { TestAgent, newIdentity, outcome } from '../test-agent.ts';
import { TestAdmin } from './test-admin.ts';

describeWithRedis('the admin port of one of two nodes', () => {
  let redis: RedisServer;
  let nodes: readonly [TestAdmin, TestAdmin];
  beforeAll(async () => {
    redis = await RedisServer.start();
    nodes = [await TestAdmin.start({ store: redis.url }), await TestAdmin.start({ store: redis.url })];
  }, 30_000);
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  });

  it('H10: sees, publishes to, and bans an agent that another node serves', async () => {
    const [first, second] = nodes;
    const identity = newIdentity();
    const agent = await TestAgent.open({ port: second.server.port, agentId: 'far', identity });
    const seen = await first.ask('/v1/agents/far');
    expect(seen).toMatchObject({ status: 200, json: { online: true, instances: [] } });
    expect(seen.json['node']).not.toBeNull();
    const event = { to: 'agent:far', payload: 1 };
    expect(await first.ask('/v1/events', { method: 'POST', body: event })).toMatchObject({ status: 201 });
    expect((await first.ask('/v1/agents/far/ban', { method: 'POST', body: {} })).status).toBe(200);
    await agent.closed;
    for (const { server } of nodes)
      expect(await outcome({ port: server.port, agentId: 'far', identity })).toBe('E_BANNED');
    expect((await first.ask('/v1/agents/far/ban', { method: 'DELETE' })).status).toBe(204);
    await (await TestAgent.open({ port: second.server.port, agentId: 'far', identity })).close();
    const { text } = await first.ask('/metrics');
    expect(text).toContain('sealane_redis_up 1');
  }, 30_000);
});
