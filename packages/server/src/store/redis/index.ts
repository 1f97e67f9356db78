/** The store of several nodes: Redis. */
export { RedisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-node.ts';
