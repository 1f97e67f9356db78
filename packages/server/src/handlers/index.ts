/** Handlers: who answers what agents ask. */
export type { AgentPeer } from './agent-peer.ts';
export { echo } from './echo.ts';
export { NodeRelay } from './node-relay/node-relay.ts';
export type { NodeRelayCounts } from './node-relay/node-relay.ts';
export { Relay } from './relay.ts';
export { ServerHandlers } from './server-handlers.ts';
