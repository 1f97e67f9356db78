import { afterAll, afterEach, beforeAll, expect, it, jest } from '@jest/globals';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { TestAgent, newIdentity, outcome } from '../test-agent.ts';
import { eventually } from '../test-server.ts';
import { TestAdmin } from './test-admin.ts';

jest.setTimeout(60_000);

describeWithRedis('the admin port of one of two nodes', () => {
  let redis: RedisServer;
  let nodes: readonly [TestAdmin, TestAdmin];
  let agents: TestAgent[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
    nodes = [await TestAdmin.start({ store: redis.url }), await TestAdmin.start({ store: redis.url })];
  });
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await redis.stop();
  });
  afterEach(() => {
    for (const agent of agents) agent.destroy();
    agents = [];
  });

  /** Connects an agent to one of the nodes, so that the store knows it there. */
  async function connect(node: 0 | 1, agentId: string, more: Partial<Parameters<typeof TestAgent.open>[0]> = {}) {
    const agent = await TestAgent.open({ port: nodes[node].server.port, agentId, ...more });
    agents.push(agent);
    const instance = more.instance ?? 'main';
    await eventually('the store knows it', async () => {
      const { instances } = await nodes[node].server.library.delivery.store.agentRecord(agentId);
      return instances?.some((each) => each.instance === instance) === true;
    });
    return agent;
  }

  it('H10: sees, publishes to, and bans an agent that another node serves, whatever instance it is', async () => {
    const [first, second] = nodes;
    const identity = newIdentity();
    const main = await connect(1, 'far', { identity });
    const tool = await connect(1, 'far', { identity, instance: 'tool' });
    const seen = await first.ask('/v1/agents/far');
    const node = seen.json['node'];
    expect(node).toMatch(/^node-/);
    const unknown = { node, address: null, connectedAt: null, suite: null, build: null };
    expect(seen).toMatchObject({
      status: 200,
      json: {
        online: true,
        instances: [
          { instance: 'main', ...unknown },
          { instance: 'tool', ...unknown },
        ],
      },
    });
    expect((await second.ask('/v1/agents/far')).json).toMatchObject({
      instances: [{ node, address: '127.0.0.1' }, {}],
    });
    const event = { to: 'agent:far', payload: 1 };
    expect(await first.ask('/v1/events', { method: 'POST', body: event })).toMatchObject({ status: 201 });
    expect((await first.ask('/v1/agents/far/ban', { method: 'POST', body: {} })).status).toBe(200);
    expect(await main.closed).toMatchObject({ code: 'E_BANNED' });
    expect(await tool.closed).toMatchObject({ code: 'E_BANNED' });
    for (const { server } of nodes)
      expect(await outcome({ port: server.port, agentId: 'far', identity })).toBe('E_BANNED');
    expect((await second.ask('/v1/agents/far/ban', { method: 'DELETE' })).status).toBe(204);
    await connect(1, 'far', { identity });
    await eventually('lifted', () => first.server.library.bans.list().length === 0);
    expect((await first.ask('/v1/bans')).json).toEqual({ items: [], next: null });
    const { text } = await first.ask('/metrics');
    expect(text).toContain('sealane_redis_up 1');
  });

  it('H10: kicks one instance or all of them on another node; who came back since is not kicked again', async () => {
    const identity = newIdentity();
    const main = await connect(1, 'kicked', { identity });
    const tool = await connect(1, 'kicked', { identity, instance: 'tool' });
    const one = { method: 'POST', body: { instance: 'tool' } };
    expect((await nodes[0].ask('/v1/agents/kicked/kick', one)).json).toEqual({ disconnected: 1 });
    expect(await tool.closed).toMatchObject({ byPeer: true });
    expect((await main.channel.request('echo', 'still here')).text()).toBe('still here');
    expect((await nodes[0].ask('/v1/agents/kicked/kick', { method: 'POST' })).json).toEqual({ disconnected: 1 });
    await main.closed;
    const again = await connect(1, 'kicked', { identity });
    // Longer than lost wake-ups are looked for.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await again.channel.request('echo', 'still here')).text()).toBe('still here');
  });

  it('M9: an agent that moves to another node and at once back is not cut by what the first was told of the move', async () => {
    const identity = newIdentity();
    const first = await connect(0, 'roaming', { identity });
    const second = await connect(1, 'roaming', { identity });
    expect(await first.closed).toMatchObject({ code: 'E_REPLACED' });
    const third = await connect(0, 'roaming', { identity });
    expect(await second.closed).toMatchObject({ code: 'E_REPLACED' });
    // Longer than lost wake-ups are looked for.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect((await third.channel.request('echo', 'still here')).text()).toBe('still here');
  });

  it('H10: a key that is revoked at one node ends its sessions at the other, and has to enrol anew', async () => {
    const identity = newIdentity();
    const tool = await connect(1, 'revoked', { identity, instance: 'tool' });
    const seen = (await nodes[0].ask('/v1/agents/revoked')).json;
    expect(seen).toMatchObject({
      online: true,
      node: expect.stringMatching(/^node-/),
      instances: [{ instance: 'tool' }],
    });
    const revoked = await nodes[0].ask('/v1/agents/revoked/revoke', { method: 'POST' });
    expect(revoked).toMatchObject({ status: 200, json: { disconnected: 1 } });
    expect(await tool.closed).toMatchObject({ code: 'E_UNKNOWN_AGENT' });
    expect((await nodes[1].ask('/v1/agents/revoked')).status).toBe(404);
    await connect(0, 'revoked', { identity: newIdentity() });
  });

  it('G4: a ban of an address holds at every node, with its end and its reason, also where Redis was away', async () => {
    const [first, second] = nodes;
    const agent = await connect(1, 'near');
    const terms = { seconds: 600, reason: 'noise' };
    expect((await first.ask('/v1/bans/addresses/127.0.0.1', { method: 'POST', body: terms })).status).toBe(200);
    expect(await agent.closed).toMatchObject({ code: 'E_BANNED' });
    const since = Date.now();
    // Each node has its own idea of the time of Redis.
    const listed = {
      items: [
        { kind: 'address', name: '127.0.0.1', reason: 'noise', until: expect.any(Number), since: expect.any(Number) },
      ],
      next: null,
    };
    for (const node of nodes) {
      const { json } = await node.ask('/v1/bans');
      expect(json).toEqual(listed);
      const [{ until } = { until: 0 }] = json['items'] as { until: number }[];
      expect(Math.abs(until - since - terms.seconds * 1_000)).toBeLessThan(60_000);
    }
    expect(await outcome({ port: second.server.port, agentId: 'near' })).not.toBe('open');
    await redis.kill();
    await redis.startAgain();
    await eventually('ready', async () => (await second.ask('/readyz')).status === 200, 20_000);
    expect((await second.ask('/v1/bans')).json).toEqual(listed);
    expect((await second.ask('/v1/bans/addresses/127.0.0.1', { method: 'DELETE' })).status).toBe(204);
    await eventually('lifted', () => first.server.library.bans.list().length === 0);
    await connect(0, 'anybody');
  });

  it('G4: a ban that ends while its node is gone is lifted by another one', async () => {
    const third = await TestAdmin.start({ store: redis.url });
    const banned = await third.ask('/v1/agents/short/ban', { method: 'POST', body: { seconds: 5 } });
    expect(banned.status).toBe(200);
    await third.stop();
    expect(await outcome({ port: nodes[0].server.port, agentId: 'short' })).toBe('E_BANNED');
    await eventually('lifted', () => nodes.every(({ server }) => server.library.bans.list().length === 0));
    await eventually('in', async () => (await outcome({ port: nodes[1].server.port, agentId: 'short' })) === 'open');
  });
});
