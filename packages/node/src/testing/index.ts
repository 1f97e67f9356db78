/** For tests and tools only: a way between two programs that fails as told, and what is common to runs of real programs. */
export { Dice } from './dice.ts';
export { FAULT_HELP, parseFaults } from './fault-spec.ts';
export type { DirectedFaults, FaultSpec } from './fault-spec.ts';
export { FaultProxy } from './fault-proxy.ts';
export type { FaultProxyOptions, ProxiedConnection } from './fault-proxy.ts';
