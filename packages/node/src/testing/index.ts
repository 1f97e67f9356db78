/** For tests and tools only: a way between two programs that fails as told, and what is common to runs of real programs. */
export { FAULT_HELP, parseFaults } from './fault-spec.ts';
export type { DirectedFaults, FaultSpec } from './fault-spec.ts';
export { FaultProxy } from './fault-proxy.ts';
export type { FaultProxyOptions, ProxiedConnection } from './fault-proxy.ts';
export { AgentProgram, AgentPrograms } from './agent-program.ts';
export type { Line } from './agent-program.ts';
export { Load } from './load.ts';
export { programWords, testProgramWords } from './program-words.ts';
export { RunLog } from './run-log.ts';
export type { RunTotals } from './run-log.ts';
export { Scratch } from './scratch.ts';
export { SmallDisk, canLosePower, canMount, makeImage, removeImage, works } from './small-disk.ts';
export { PatienceError, until } from './until.ts';
export type { Patience } from './until.ts';
export { freePort, isPortFree } from './ports.ts';
export { RedisServer, hasRedis } from './redis-server.ts';
export type { RedisServerOptions } from './redis-server.ts';
