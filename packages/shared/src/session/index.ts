/** Session: the protocol of one connection without I/O, one class a role. */
export { AgentSession } from './agent-session.ts';
export type { AgentSessionSettings } from './agent-session.ts';
export { ServerSession } from './server-session.ts';
export type { Acceptance, ServerSessionSettings } from './server-session.ts';
export { RESPONSE_STATUS } from './session-requests.ts';
export type { OutgoingRequest, OutgoingResponse } from './session-requests.ts';
export type { Session } from './session.ts';
export type { SessionState } from './session-core.ts';
export type { SessionEnvironment, SessionSettings } from './session-settings.ts';
export type {
  AgentDeliveryPacket,
  AgentIdentifiedEvent,
  CloseReason,
  ClosedEvent,
  OpenedEvent,
  ServerDeliveryPacket,
  ServerIdentifiedEvent,
  SessionEvent,
} from './events.ts';
