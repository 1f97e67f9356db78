/** Transport: sessions over TCP, and the ports of a session as Node provides them. */
export { Backlog } from './backlog.ts';
export { createEnvironment, monotonicNow, systemRandom } from './environment.ts';
export { DEFAULT_CONNECTION_LIMITS, TcpConnection } from './tcp-connection.ts';
export type { ConnectionLimits, ConnectionOwner } from './tcp-connection.ts';
export { connectTcp } from './connect-tcp.ts';
export type { ConnectTcpOptions } from './connect-tcp.ts';
export { ReadTurns } from './read-turns.ts';
export { freeBytes } from './free-bytes.ts';
