/**
 * Three nodes under faults by chance, checked by a model that knows only what callers saw. A failure prints its seed:
 * `TEST_REDIS_SEED=N` takes it again; `TEST_REDIS_RANDOM_MS=N` makes a run longer.
 */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { RedisServer, describeWithRedis } from '../redis-server.ts';
import { RandomNodes } from './random-nodes.ts';

const given = process.env['TEST_REDIS_SEED'];
const SEED = given === undefined ? Date.now() % 1_000_000 : Number(given);
const DURATION_MS = Number(process.env['TEST_REDIS_RANDOM_MS'] ?? 8_000);

describeWithRedis('three nodes on one Redis under faults by chance', () => {
  let server: RedisServer;
  let world: RandomNodes;

  beforeEach(async () => {
    server = await RedisServer.start();
    world = new RandomNodes(server, SEED);
  });
  afterEach(async () => {
    await world.stop();
    server.goOn();
    await server.stop();
  });

  it(
    'M1, M7, M9, R17: nothing acked is lost or doubled, nothing has two owners, sequences have no gaps',
    async () => {
      await world.run(DURATION_MS);
      await world.finish();
      expect({ seed: SEED, wrong: world.model.wrong.slice(0, 20) }).toEqual({ seed: SEED, wrong: [] });
      expect(world.model.entryCount).toBeGreaterThan(100);
      expect(Object.keys(world.faults.counts)).toHaveLength(7);
      // All is settled, so nothing is left of it: no chunk, no shared body, no claim, no count.
      expect(await server.command('KEYS', 'sealane:body:*')).toBe('*0\r\n');
      expect(await server.command('KEYS', 'sealane:[cdkf]:*')).toBe('*0\r\n');
      expect(await server.command('HGET', 'sealane:meta', 'waiting')).toBe('$1\r\n0\r\n');
    },
    DURATION_MS + 60_000,
  );
});
