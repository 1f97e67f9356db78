/** The states of an agent, as its owner sees them. */
import type { ErrorCode, SealaneError } from '@sealane/shared/errors';
import type { RefusedEvent } from '../delivery/index.ts';
import type { Judgement } from '../trust/index.ts';

/** The first contact is being made. */
export interface ConnectingState {
  readonly state: 'connecting';
  /** `host:port` */
  readonly server: string;
}

/** The server has admitted the agent. */
export interface ConnectedState {
  readonly state: 'connected';
  /** `host:port` */
  readonly server: string;
  /** `SHA256:…` of the server's key. */
  readonly fingerprint: string;
  /** Why that key is trusted. */
  readonly trust: Judgement;
  /** Id under which the server knows this agent. */
  readonly id: string;
  readonly instance: string;
  /** Name of the cipher suite. */
  readonly suite: string;
  /** Wire version. */
  readonly version: number;
  /** Name and version of the server's program, as it says; escape it before showing it. */
  readonly serverBuild: string;
  /** Whether an earlier session goes on. */
  readonly resumed: boolean;
}

/** There is no connection; the next attempt is waited for. */
export interface ReconnectingState {
  readonly state: 'reconnecting';
  /** Number of the attempt to come, counted from the last stable connection. */
  readonly attempt: number;
  /** Wait before it. */
  readonly delayMs: number;
  /** Why there is no connection. */
  readonly reason: ErrorCode;
  readonly error: SealaneError;
}

/** Nothing more will happen. */
export interface ClosedState {
  readonly state: 'closed';
  /** Why, in words. */
  readonly reason: string;
  /** Undefined when this side closed. */
  readonly code: ErrorCode | undefined;
  readonly error: SealaneError | undefined;
}

/** Connecting, connected, reconnecting (times in ms) or closed, which is the last; `event` tells which. */
export type AgentState = ConnectingState | ConnectedState | ReconnectingState | ClosedState;

/** Events of an agent: every state under its name, and all of them under `state`. */
export interface AgentEvents {
  state: [AgentState];
  connecting: [ConnectingState];
  connected: [ConnectedState];
  reconnecting: [ReconnectingState];
  closed: [ClosedState];
  /** The server refused an event for good that nobody waits for: of an earlier process, or given up by its caller. */
  'event-refused': [RefusedEvent];
}
