/**
 * Program: `run-world.ts EPOCHS MEMBERS SUITE:SEED…` does random things to a group for each seed, one group after the other, until it
 * is in that epoch, and writes what happened as a line of JSON. It ends with an error where members part, or a removed one
 * reads on. Outside of jest it takes a third of the time.
 */
import { World } from './world.ts';

const [epochs, membersMax, ...seeds] = process.argv.slice(2);

for (const text of seeds) {
  const [suite, seed] = text.split(':');
  if (suite !== 'hybrid' && suite !== 'classical')
    throw new TypeError('usage: run-world.ts EPOCHS MEMBERS SUITE:SEED…');
  const world = new World({ seed: Number(seed), suite, membersMax: Number(membersMax) });
  try {
    await world.start();
    while (world.server.epoch < Number(epochs)) await round(world);
    await world.check();
    console.log(JSON.stringify({ epoch: world.server.epoch, counts: world.counts, outcomes: world.outcomes }));
  } finally {
    await world.dispose();
  }
}

async function round(world: World): Promise<void> {
  if (world.random.chance(0.15)) await world.externalRound();
  else await world.commitRound();
  for (let count = world.random.below(3); count > 0; count--) await world.message();
  for (const device of world.random.sample(world.members, 2)) await world.sync(device);
  if (world.random.chance(0.15)) await world.check();
}
