/**
 * Program: `run-world.ts SEED EPOCHS SUITE MEMBERS` does random things to a group until it is in that epoch, and writes what
 * happened as JSON. It ends with an error where members part, or a removed one reads on. Outside of jest it takes a third
 * of the time.
 */
import { World } from './world.ts';

const [seed, epochs, suite, membersMax] = process.argv.slice(2);
if (suite !== 'hybrid' && suite !== 'classical') throw new TypeError('usage: run-world.ts SEED EPOCHS SUITE MEMBERS');
const world = new World({ seed: Number(seed), suite, membersMax: Number(membersMax) });
try {
  await world.start();
  while (world.server.epoch < Number(epochs)) {
    if (world.random.chance(0.15)) await world.externalRound();
    else await world.commitRound();
    for (let count = world.random.below(4); count > 0; count--) await world.message();
    for (const device of world.random.sample(world.members, 2)) await world.sync(device);
    if (world.random.chance(0.3)) await world.check();
  }
  await world.check();
  console.log(JSON.stringify({ epoch: world.server.epoch, counts: world.counts, outcomes: world.outcomes }));
} finally {
  await world.dispose();
}
