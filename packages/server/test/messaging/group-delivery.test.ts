/** Groups through the delivery engine: devices that subscribe get their items, in order, and what waited when they come. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '../test-server.ts';
import { ServiceWorld, itemOf, wordsOf, type Device, type EventStoreKind } from './service-world.ts';

jest.setTimeout(30_000);

let world: ServiceWorld;

afterEach(async () => {
  await world.stop();
});

describe.each<EventStoreKind>(['memory', 'sqlite'])('delivery of groups, events in %s', (events) => {
  it('D1: a device that was never connected finds all that was sent to it; then it comes as it is sent', async () => {
    world = await ServiceWorld.start({ events });
    const [alice, bob] = [await world.device('alice'), await world.device('bob')];
    const group = await world.group(alice, [bob]);
    for (const text of ['one', 'two']) await world.groups.send(alice, world.messageOf(alice, group, 1, text));
    const device = world.connect(bob);
    await eventually('what waited', () => device.events.length === 3);
    await world.groups.send(alice, world.messageOf(alice, group, 1, 'three'));
    await eventually('the next one', () => device.events.length === 4);
    expect(device.events.map(({ body }) => wordsOf(itemOf(body)))).toEqual([
      'welcome: welcome 0',
      'message: one',
      'message: two',
      'message: three',
    ]);
    expect(device.events.map(({ from, sequence }) => [from, sequence])).toEqual(
      [1, 2, 3, 4].map((at) => ['server', at]),
    );
    device.cut();
    const again = world.connect(bob);
    await eventually('its subscription', () => again.subscribed.length === 1);
    expect(again.subscribed).toMatchObject([{ cursor: 4, waiting: 0 }]);
  });

  it('no message overtakes the commit that it depends on, with many writers at once', async () => {
    world = await ServiceWorld.start({ events });
    const names = Array.from({ length: 6 }, (_, index) => `user${index}`);
    const devices = await Promise.all(names.map((name) => world.device(name)));
    const reader = await world.device('reader');
    const [maker] = devices as [Device];
    const group = await world.group(maker, [...devices.slice(1), reader]);
    const agent = world.connect(reader);
    let epoch = 1;
    const chatter = async (device: Device): Promise<void> => {
      for (let count = 0; count < 30; count++) {
        const sent = world.messageOf(device, group, epoch, 'x');
        await world.groups.send(device, sent);
        if (count % 10 !== 9) continue;
        try {
          ({ epoch } = await world.groups.commit(device, world.commitOf(device, group, epoch)));
        } catch (error) {
          epoch = Math.max(epoch, (error as { present: number }).present);
        }
      }
    };
    await Promise.all(devices.map(chatter));
    const { epoch: last } = await world.groups.query(reader, group, 0);
    await eventually('all items', () => agent.events.length === 1 + 6 * 30 + (last - 1));
    let present = 0;
    let sequence = 0;
    for (const item of agent.events.map(({ body }) => itemOf(body))) {
      if (!('sequence' in item)) throw new Error('this is not of a group');
      expect(item.sequence).toBe((sequence += 1));
      if (item.kind === 'welcome') present = item.epoch;
      if (item.kind === 'commit') expect(item.epoch).toBe(present++);
      if (item.kind === 'message') expect(item.epoch).toBeLessThanOrEqual(present);
    }
    expect(present).toBe(last);
  });
});

describe('cost of a large group', () => {
  it('E13: messages of many to 300 devices are brought to all of them together, not one device after the other', async () => {
    world = await ServiceWorld.start({ events: 'sqlite' });
    const devices = await Promise.all(Array.from({ length: 300 }, (_, index) => world.device(`user${index}`)));
    const [maker] = devices as [Device];
    const group = await world.group(maker, devices.slice(1));
    const senders = devices.slice(0, 30);
    let batches = 0;
    world.publishThrough({
      openQueue: (spec) => world.events.openQueue(spec),
      deleteQueue: (spec) => world.events.deleteQueue(spec),
      publish: async (events) => {
        batches += 1;
        if (batches === 1) await eventually('all of them', () => world.queues.waiting === senders.length);
        return await world.events.publish(events);
      },
    });
    await Promise.all(senders.map((each) => world.groups.send(each, world.messageOf(each, group, 1, 'x'.repeat(400)))));
    // The first batch, and what came meanwhile: 29 × 299 events, at most 4,096 at once.
    expect(batches).toBeLessThanOrEqual(4);
    expect(await world.items(devices[299] as Device)).toHaveLength(31);
  });
});
