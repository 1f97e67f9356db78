/** Connection: one socket with its session, and what is told apart by its first bytes. */
export { AgentConnection } from './agent-connection.ts';
export type { ConnectionHost } from './agent-connection.ts';
export type { Stranger } from './first-bytes.ts';
export { refuseSocket } from './refuse-socket.ts';
