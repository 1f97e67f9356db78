/** Agent: the library. A connection to a server that is kept, with requests, notifications and streams over it. */
export { Agent } from './agent.ts';
export { connect } from './connect.ts';
export type { ConnectOptions } from './connect-options.ts';
export type {
  AgentEvents,
  AgentState,
  ClosedState,
  ConnectedState,
  ConnectingState,
  ReconnectingState,
} from './agent-state.ts';
export type { OpenStreamOptions, SendOptions } from './agent.ts';
