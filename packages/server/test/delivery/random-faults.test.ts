/**
 * R17: rules of delivery under random faults: 3,000 in a usual run, more with `DELIVERY_FAULTS=N` a seed. A failure prints
 * its seed: `DELIVERY_SEED=N` runs it again.
 */
import { describe, expect, it } from '@jest/globals';
import { DeliveryWorld } from './delivery-world.ts';
import { RandomFaults } from './random-faults.ts';

const given = process.env['DELIVERY_SEED'];
/** Seeds that found something once, and one that nobody chose. */
const SEEDS = given === undefined ? [4, 6, 2_002, 868_437, Date.now() % 1_000_000] : [Number(given)];
const FAULTS = Number(process.env['DELIVERY_FAULTS'] ?? 600);
/** How long a commit takes on every other disk. */
const SLOW_COMMIT_MS = 20;

describe('random faults', () => {
  it.each(SEEDS)(
    'R17: seed %d: random faults break no rule',
    async (seed) => {
      const world = await DeliveryWorld.start({ seed, commitDelayMs: seed % 2 === 0 ? SLOW_COMMIT_MS : 0 });
      const run = new RandomFaults(world);
      await run.run(FAULTS);
      const wrong = await run.finish();
      await world.stop();
      expect({ seed, wrong }).toEqual({ seed, wrong: [] });
      expect(run.faultCount).toBeGreaterThanOrEqual(FAULTS);
      for (const kind of ['cut', 'nack', 'lost ack', 'no ack', 'take-over', 'crash']) {
        expect([kind, run.faults[kind] ?? 0]).toEqual([kind, expect.any(Number)]);
        expect(run.faults[kind] ?? 0).toBeGreaterThan(0);
      }
      expect(world.counters.delivered).toBeGreaterThan(0);
    },
    60_000 + FAULTS * 100,
  );
});
