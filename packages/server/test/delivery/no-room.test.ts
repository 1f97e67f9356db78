/** Deliveries while the disk has no room: what is not stored is told to nobody, and nothing is forgotten. */
import { afterEach, describe, expect, it } from '@jest/globals';
import { DeliveryWorld } from './delivery-world.ts';

let world: DeliveryWorld;

afterEach(async () => {
  await world.stop();
});

describe('deliveries without room on the disk', () => {
  it('REVIEW 11, 2.0.5: what expires while it rests is announced as soon as that is stored, not forgotten', async () => {
    world = await DeliveryWorld.start();
    const producer = await world.producer();
    const taker = await world.consumer('taker');
    taker.onEvent = (event) => (event.sequence === 1 ? taker.nack(event, 90_000) : taker.ack(event));
    taker.onSkipped = (skipped) => taker.seen(skipped);
    producer.publish(1, 'agent:taker', { ttlMs: 30_000 });
    await world.publish(producer, 'agent:taker', 2, 2);
    expect(taker.events.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    await world.pass(1_000);
    world.disk.isFull = true;
    // The sweep of the store takes it out after a minute, and it is looked for after another half.
    await world.pass(120_000);
    expect(taker.skipped).toEqual([]);
    expect(taker.events).toHaveLength(3);
    expect(await infoOf('taker')).toMatchObject({ settledTo: 0 });
    world.disk.isFull = false;
    await world.pass(5_000);
    expect(taker.skipped).toMatchObject([{ from: 1, to: 1 }]);
    expect(await infoOf('taker')).toMatchObject({ settledTo: 3, waiting: 0 });
  });
});

async function infoOf(agentId: string) {
  const queues = await world.store.queuesOf(agentId);
  return queues[0];
}
