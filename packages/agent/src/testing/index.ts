/** For tools and tests only: the parts of an agent, so that the simulator composes them over a virtual world. */
export { Supervisor } from '../agent/supervisor.ts';
export type { SupervisorOptions } from '../agent/supervisor.ts';
export { DEFAULT_OUTBOX_LIMITS } from '../delivery/index.ts';
export { Backoff, DEFAULT_RECONNECT_POLICY } from '../reconnect/index.ts';
export { MemoryKnownServers, ServerTrust } from '../trust/index.ts';
