/** As many queues as the server may have: none is made any more, and whoever has one comes back to it. */
import { afterEach, expect, it } from '@jest/globals';
import { DeliveryWorld } from './delivery-world.ts';

let world: DeliveryWorld;

afterEach(async () => {
  await world.stop();
});

it('rule 6, E5: at the limit of queues new ones are refused; subscriptions, groups and direct events go on', async () => {
  world = await DeliveryWorld.start({ limits: { queuesMax: 3 } });
  const agent = await world.connect('ann');
  agent.subscribe(null, { subscription: 1 });
  agent.subscribe('a', { subscription: 2 });
  agent.subscribe('b', { subscription: 3, group: 'crew' });
  await world.settle();
  agent.subscribe('c', { subscription: 4 });
  agent.subscribe('d', { subscription: 5, group: 'crew' });
  await world.settle();
  expect(agent.subscribed.map(({ subscription }) => subscription).sort((a, b) => a - b)).toEqual([1, 2, 3]);
  const refused = [4, 5].map((subscription) => ({ subscription, code: 'E_SUBSCRIPTION_LIMIT' }));
  expect(agent.unsubscribed).toEqual(refused);
  await world.cut(agent);
  await world.delivery.publish({ to: 'topic:a', body: new Uint8Array(1), contentType: null });
  const again = await world.connect('ann');
  again.subscribe(null, { subscription: 1 });
  again.subscribe('a', { subscription: 2 });
  again.subscribe('b', { subscription: 3, group: 'crew' });
  await world.settle();
  expect(again.unsubscribed).toEqual([]);
  expect(again.events.map(({ subscription, sequence }) => [subscription, sequence])).toEqual([[2, 1]]);
  // An agent that is new has a queue of its own all the same: the limit is one of subscriptions.
  const bob = await world.consumer('bob');
  expect(bob.subscribed).toHaveLength(1);
});
