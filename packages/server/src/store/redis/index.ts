/** The store of several nodes: Redis. */
export type { RedisAgentDirectory } from './redis-agent-directory.ts';
export { RedisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-node.ts';
export type { PeerNode } from './node-life.ts';
