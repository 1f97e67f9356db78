/** RedisStore under the compliance suite of the port. A crash kills Redis too: what was confirmed is on its disk. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { systemStoreEnvironment } from '../../src/store/environment.ts';
import { RedisStore } from '../../src/store/redis/index.ts';
import { storeCompliance } from '../../src/store/store.compliance.ts';
import { RedisServer, describeWithRedis } from '../redis-server.ts';

describeWithRedis('RedisStore', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  storeCompliance(
    async ({ limits }) => {
      expect(await server.command('FLUSHALL')).toBe('+OK\r\n');
      return {
        create: () => new RedisStore({ url: server.url, limits }),
        async crash(store) {
          await server.kill();
          await store.close();
          await server.startAgain();
        },
        now: () => systemStoreEnvironment.now(),
        // Its time is Redis' own; delays, expiry and retention are in queues.test.ts and nodes.test.ts.
        advance: undefined,
        dispose: () => Promise.resolve(),
      };
    },
    { it, expect },
  );
});
