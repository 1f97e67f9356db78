/**
 * What a session tells its owner, in order, through `nextEvent`.
 *
 * Byte fields are views into the plaintext of one record, which nobody else writes to: they stay valid, and keeping a
 * small one keeps its record.
 */
import type { ErrorCode } from '../errors/index.ts';
import type {
  Event,
  EventAck,
  EventNack,
  EventProgress,
  Notification,
  Presence,
  PresenceWatch,
  ProducerOpen,
  ProducerOpened,
  Publish,
  Receipt,
  Request,
  Response,
  Skipped,
  Subscribe,
  Subscribed,
  Unsubscribe,
  Unsubscribed,
} from '../packets/index.ts';
import type { MessagingCall, ServerMessagingPacket } from '../items/index.ts';
import type { PeerLimits, SuiteId } from '../wire/index.ts';

/** Why a session ended. */
export type CloseReason =
  /** Both sides said that it is over. */
  | 'closed'
  /** One side broke a rule, or refused with a code. */
  | 'failed'
  /** The connection ended without an authenticated close. */
  | 'truncated'
  /** The server refused in clear: a hint, never proof (docs/protocols/handshake.md). */
  | 'rejected';

/** The end of a session; the last event. */
export interface ClosedEvent {
  readonly type: 'closed';
  readonly reason: CloseReason;
  /** The code, where there is one. */
  readonly code: ErrorCode | undefined;
  /** Whether the peer ended it. */
  readonly byPeer: boolean;
  /** When a new attempt is welcome, as the peer says; 0 for any time. */
  readonly retryAfterMs: number;
}

/** Agent only: the server has proved this identity. Answer with `trust` or `distrust`. */
export interface ServerIdentifiedEvent {
  readonly type: 'server-identified';
  /** X25519 static key, 32 bytes. */
  readonly serverKey: Uint8Array;
  readonly suite: SuiteId;
  readonly version: number;
  /** Signed documents that lead from earlier keys of this server to its present one. */
  readonly successions: readonly Uint8Array[];
  /** Name and version of the server's program. */
  readonly build: string;
}

/** Server only: the agent has proved this identity. Answer with `accept` or `refuse`. */
export interface AgentIdentifiedEvent {
  readonly type: 'agent-identified';
  /** X25519 static key, 32 bytes. */
  readonly agentKey: Uint8Array;
  readonly agentId: string;
  readonly instance: string;
  readonly enrolmentToken: Uint8Array | null;
  readonly resumeToken: Uint8Array | null;
  readonly suite: SuiteId;
  readonly version: number;
  /** Name and version of the agent's program. */
  readonly build: string;
}

/** The session is open: packets may travel. */
export interface OpenedEvent {
  readonly type: 'opened';
  readonly agentId: string;
  /** 16 bytes; the same after a resume. */
  readonly sessionId: Uint8Array;
  readonly resumed: boolean;
  /** Agent only: what to show at the next connection. */
  readonly resumeToken: Uint8Array;
  readonly retryBaseMs: number;
  readonly retryCapMs: number;
  readonly retryWindowMs: number;
  readonly suite: SuiteId;
  readonly version: number;
  /** What the peer announced. */
  readonly peerLimits: PeerLimits;
}

/** What agents send about events; a server receives it. */
export type AgentDeliveryPacket =
  | Subscribe
  | Unsubscribe
  | EventAck
  | EventNack
  | EventProgress
  | ProducerOpen
  | Publish
  | PresenceWatch;

/** What servers send about events; an agent receives it. */
export type ServerDeliveryPacket = Subscribed | Unsubscribed | Event | Skipped | ProducerOpened | Receipt | Presence;

/** Every event. */
export type SessionEvent =
  | ServerIdentifiedEvent
  | AgentIdentifiedEvent
  | OpenedEvent
  | ClosedEvent
  | { readonly type: 'request'; readonly request: Request }
  /** The peer gave a request up, or its time is over: no answer is wanted any more. */
  | { readonly type: 'request-ended'; readonly requestId: number; readonly code: 'E_CANCELLED' | 'E_TIMEOUT' }
  | { readonly type: 'response'; readonly response: Response }
  | { readonly type: 'notification'; readonly notification: Notification }
  /** A packet about events, of those that this role receives. */
  | { readonly type: 'delivery'; readonly packet: AgentDeliveryPacket | ServerDeliveryPacket }
  /** A packet of messaging, of those that this role receives. */
  | { readonly type: 'messaging'; readonly packet: MessagingCall | ServerMessagingPacket }
  /** No last response came before the deadline; the request is over. */
  | { readonly type: 'response-timeout'; readonly requestId: number }
  /** The time came that `watchQueue` was told of. */
  | { readonly type: 'queue-due' }
  | { readonly type: 'stream-opened'; readonly streamId: number; readonly name: string; readonly metadata: Uint8Array }
  | { readonly type: 'stream-data'; readonly streamId: number; readonly bytes: Uint8Array }
  /** Credit came: `streamSendableBytes` may have grown. Id 0 stands for every stream. */
  | { readonly type: 'stream-credit'; readonly streamId: number }
  | { readonly type: 'stream-ended'; readonly streamId: number }
  | { readonly type: 'stream-reset'; readonly streamId: number; readonly code: ErrorCode | undefined }
  /** Agent only: the server will leave. */
  | {
      readonly type: 'go-away';
      readonly code: ErrorCode | undefined;
      readonly comeBackAfterMs: number;
      readonly address: string | null;
      readonly drainMs: number;
    }
  /** Both directions of this side use the keys of this epoch. */
  | { readonly type: 'key-updated'; readonly epoch: number };
