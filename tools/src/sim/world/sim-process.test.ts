import { expect, it } from '@jest/globals';
import { SimProcess } from './sim-process.ts';
import { World } from './world.ts';

it('R17: what a program computes after the world ended it is its own: it sees no real clock, and its timers never run', async () => {
  const world = new World(1);
  const process = new SimProcess(world, 'node-1');
  const { promise, reject } = Promise.withResolvers<never>();
  process.atEnd(() => reject(new Error('the disk is gone')));
  const seen: (string | undefined)[] = [];
  void promise.catch(() => {
    seen.push(world.current?.name);
    world.schedule(world.current, 10, () => seen.push('its timer'));
  });
  world.schedule(undefined, 5, () => process.end('crash'));
  world.schedule(undefined, 50, () => seen.push(world.current?.name));
  await world.runUntil(100);
  expect(seen).toEqual(['node-1', undefined]);
});
