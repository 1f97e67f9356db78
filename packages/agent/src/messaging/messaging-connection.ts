/**
 * MessagingConnection: what messaging needs of the connection to a server. An `Agent` is one; the web client and tests
 * have others.
 */
import type { SealaneError } from '@sealane/shared/errors';
import type { AnswerOf, CallFields, CallId } from '@sealane/shared/items';
import type { Transient } from '@sealane/shared/packets';

/**
 * Makes one call.
 *
 * @throws ProtocolError with the code of Call Failed; `E_TRUNCATED` when the connection was cut and the outcome is unknown.
 */
export type CallServer = <Id extends CallId>(
  id: Id,
  fields: CallFields<Id>,
  options?: { readonly signal?: AbortSignal | undefined; readonly timeoutMs?: number },
) => Promise<AnswerOf<Id>>;

/** One event of the queue: it is acked when the handler returns, and comes again when it throws. */
export type QueueHandler = (body: Uint8Array) => Promise<void>;

/** The open queue. */
export interface QueueSubscription {
  /** Resolves with how many events wait once the server delivers. */
  readonly ready: Promise<{ readonly waiting: number }>;
  /** Resolves when it is over: undefined when this side ended it. */
  readonly whenEnded: Promise<SealaneError | undefined>;
  /** Takes no more events; resolves when the handler at work is done and the server knows. */
  drain(): Promise<void>;
}

export interface MessagingConnection {
  readonly call: CallServer;
  /** Id under which the server knows this agent; undefined before the first contact. */
  readonly agentId: string | undefined;
  readonly isConnected: boolean;
  /** X25519 public key of this agent, 32 bytes. */
  readonly transportKey: Uint8Array;
  /** X25519 public key of the server, 32 bytes; undefined before the first contact. */
  readonly serverKey: Uint8Array | undefined;
  /** Told whenever there is a connection. @returns what ends that. */
  onConnected(listener: () => void): () => void;
  /** Told messages that were not stored. @returns what ends that. */
  onTransient(listener: (packet: Pick<Transient, 'group' | 'epoch' | 'body'>) => void): () => void;
  /** Opens the queue of this device. @param onSkipped told how many events are gone for good. */
  openQueue(agentId: string, handler: QueueHandler, onSkipped: (events: number) => void): QueueSubscription;
}
