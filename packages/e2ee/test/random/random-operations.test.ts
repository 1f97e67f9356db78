import { describe, expect, it } from '@jest/globals';
import { World, type WorldOptions } from './world.ts';

/** Runs a world until its group is in the given epoch; gives what happened there. */
async function run(options: WorldOptions, epochs: number): Promise<World> {
  const world = new World(options);
  try {
    await world.start();
    while (world.server.epoch < epochs) {
      if (world.random.chance(0.15)) await world.externalRound();
      else await world.commitRound();
      for (let count = world.random.below(4); count > 0; count--) await world.message();
      for (const device of world.random.sample(world.members, 2)) await world.sync(device);
      if (world.random.chance(0.3)) await world.check();
    }
    await world.check();
  } finally {
    await world.dispose();
  }
  return world;
}

describe('random operations on a group', () => {
  it('C1: keep all members together and removed ones out', async () => {
    const t = process.cpuUsage();
    const world = await run({ seed: 1, suite: 'classical', membersMax: 12 }, 100);
    const u = process.cpuUsage(t);
    console.log(world.counts, world.outcomes, (u.user + u.system) / 1e6);
    expect(world.outcomes['decrypted']).toBeGreaterThan(100);
  }, 120_000);
});
