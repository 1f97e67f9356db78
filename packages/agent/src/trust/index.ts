/** Trust: whether the identity that a server proved is the one expected. */
export { KNOWN_SERVERS_FILE, MemoryKnownServers } from './known-server-store.ts';
export { ServerTrust } from './server-trust.ts';
export type { Judgement, Pin } from './server-trust.ts';
