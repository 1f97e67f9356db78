/**
 * Where connections meet messaging: a connection hands over the calls of its agent, and takes the answers
 * (docs/protocols/messaging.md §1). Messaging knows no socket, a connection knows no account.
 */
import { ERRORS, type ErrorCode } from '@sealane/shared/errors';
import type { MessagingCall, ServerMessagingPacket } from '@sealane/shared/items';
import type { SessionState } from '@sealane/shared/session';
import type { InboundShare } from '../limits/index.ts';

/** The connection of one agent, as messaging sees it. */
export interface MessagingSink {
  readonly peer: {
    readonly agentId: string;
    readonly instance: string;
    /** IP address without port. */
    readonly address: string;
    /** X25519 static key, 32 bytes. */
    readonly agentKey: Uint8Array;
  };
  /** What limits by address go by. */
  readonly addressKey: string;
  readonly isLoopback: boolean;
  readonly session: {
    readonly state: SessionState;
    /** Bytes that wait to be written. */
    readonly waitingBytes: number;
    /** @throws RangeError when a field is over its limit, ProtocolError `E_CLOSED`. */
    sendMessaging(packet: ServerMessagingPacket): void;
    /** Ends the session with a code. */
    fail(code: ErrorCode, now: number): void;
  };
  /** At this many unsent bytes nothing more is read for now. */
  readonly highWaterBytes: number;
  /** Where the bytes of open calls of all connections are counted. */
  readonly inbound?: Pick<InboundShare, 'add' | 'free' | 'refuses'>;
  unsentBytes(): number;
  /** Something waits to be sent, or whether it wants to be read has changed. */
  wake(): void;
}

/** What takes the calls of one connection. */
export interface MessagingAttachment {
  /** Whether no call is open. */
  readonly isIdle: boolean;
  /** Whether the connection is to be read no further for now. */
  readonly wantsPause: boolean;
  onPacket(packet: MessagingCall): void;
  /** The connection can take more. */
  onDrain(): void;
  /** The session is over: answers go nowhere. */
  detach(): void;
}

/** Messaging of a server. */
export interface MessagingHost {
  attach(sink: MessagingSink): MessagingAttachment;
}

/** Answers every call of a server that has no messaging (§1.6). */
export class NoMessaging implements MessagingAttachment {
  readonly isIdle = true;
  readonly #sink: Pick<MessagingSink, 'session' | 'wake' | 'unsentBytes' | 'highWaterBytes'>;

  constructor(sink: Pick<MessagingSink, 'session' | 'wake' | 'unsentBytes' | 'highWaterBytes'>) {
    this.#sink = sink;
  }

  get wantsPause(): boolean {
    return this.#sink.session.waitingBytes + this.#sink.unsentBytes() >= this.#sink.highWaterBytes;
  }

  onPacket({ call }: MessagingCall): void {
    if (this.#sink.session.state !== 'Open') return;
    this.#sink.session.sendMessaging({
      ...{ id: 0x5c, call, code: ERRORS.E_NO_MESSAGING.number },
      ...{ retryAfterMs: 0, epoch: 0 },
    });
    this.#sink.wake();
  }

  onDrain(): void {
    // Nothing waits.
  }

  detach(): void {
    // Nothing is held.
  }
}
