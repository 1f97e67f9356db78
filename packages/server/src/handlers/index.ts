/** Handlers: who answers what agents ask. */
export type { AgentPeer } from './agent-peer.ts';
export { echo } from './echo.ts';
export { Relay } from './relay.ts';
export { ServerHandlers } from './server-handlers.ts';
