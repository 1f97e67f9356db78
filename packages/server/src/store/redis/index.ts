/** The store of several nodes: Redis. */
export { lookAtRedis } from './look-at-redis.ts';
export { CONFIG_FORBIDDEN } from './redis-settings.ts';
export { RedisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store-options.ts';
export type { SessionEnd } from './served-agents.ts';
