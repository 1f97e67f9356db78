/** What one agent asks costs the store little, however often it asks. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { DeliveryWorld } from '../delivery/delivery-world.ts';
import type { FakeAgent } from '../delivery/fake-agent.ts';

let world: DeliveryWorld;

afterEach(async () => {
  await world.stop();
});

/** Subscribes a thousand patterns in one turn. */
function subscribeMany(agent: FakeAgent, count: number): void {
  for (let index = 1; index <= count; index++) agent.subscribe(`t.${index}`, { subscription: index });
}

describe('what agents ask the store', () => {
  it('B8: an agent that comes back with 1,000 subscriptions asks for its queues once, not once for each', async () => {
    world = await DeliveryWorld.start();
    const agent = await world.connect('many');
    subscribeMany(agent, 1_000);
    await world.settle();
    await world.cut(agent);
    let asked = 0;
    const queuesOf = world.store.queuesOf.bind(world.store);
    world.store.queuesOf = (agentId) => {
      asked += 1;
      return queuesOf(agentId);
    };
    const again = await world.connect('many');
    subscribeMany(again, 1_000);
    await world.settle();
    expect(again.subscribed).toHaveLength(1_000);
    expect(asked).toBe(1);
  });

  it('B13: the limit of subscriptions of an agent holds when many are asked for in one turn', async () => {
    world = await DeliveryWorld.start({ limits: { subscriptionsPerAgentMax: 10 } });
    const agent = await world.connect('many');
    subscribeMany(agent, 15);
    await world.settle();
    expect(agent.subscribed).toHaveLength(10);
    expect(agent.unsubscribed.map(({ code }) => code)).toEqual(Array(5).fill('E_SUBSCRIPTION_LIMIT'));
    await world.cut(agent);
    const again = await world.connect('many');
    subscribeMany(again, 10);
    await world.settle();
    expect(again.subscribed).toHaveLength(10);
  });

  it('E15: however often presence is asked for, few lookups are under way, and the last watches are answered', async () => {
    world = await DeliveryWorld.start();
    const agent = await world.connect('curious');
    let underWay = 0;
    let most = 0;
    const agentRecord = world.store.agentRecord.bind(world.store);
    world.store.agentRecord = async (agentId) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const record = await agentRecord(agentId);
      underWay -= 1;
      return record;
    };
    for (let round = 0; round < 50; round++) {
      for (let index = 0; index < 500; index++) {
        agent.watch(`ghost-${index}`, true);
        if (round < 49) agent.watch(`ghost-${index}`, false);
      }
    }
    await world.settle();
    expect(most).toBeLessThanOrEqual(100);
    expect(agent.presence).toHaveLength(500);
    expect(agent.presence.every(({ online }) => !online)).toBe(true);
  });
});
