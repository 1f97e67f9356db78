/** Redis for tests. Where it is missing, they say so and are skipped (`describeWithRedis`). Not part of the product. */
import { describe } from '@jest/globals';
import { hasRedis } from '@sealane/node/testing';

export { RedisServer, freePort } from '@sealane/node/testing';

/** `describe`, skipped visibly without Redis. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (hasRedis) describe(name, tests);
  else describe.skip(`${name} (needs redis-server: apt-get install redis-server)`, tests);
}
