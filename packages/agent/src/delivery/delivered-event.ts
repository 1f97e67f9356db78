/** DeliveredEvent: an event as its handler gets it. */
import { utf8Decode } from '@sealane/shared/bytes';
import { ReceivedContent } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import type { Event } from '@sealane/shared/packets';

/** Content type of JSON, as the admin API publishes it. */
export const JSON_CONTENT_TYPE = 'application/json';

/** What a handler says of an event that it could not handle. */
export interface NackOptions {
  /** Before it is delivered again; 0, the default, for the growing time of the server. */
  readonly delayMs?: number;
  /** For whoever reads the dead letter; at most 256 bytes are kept. */
  readonly reason?: string;
}

/** What happens to an answer. */
export interface EventAnswers {
  ack(): Promise<boolean>;
  nack(options: NackOptions): boolean;
  progress(): boolean;
}

/**
 * An event and its content. A handler that returns has acked it and one that throws has not; the functions are for
 * subscriptions with `acknowledge: 'manual'`.
 */
export class DeliveredEvent extends ReceivedContent {
  /** Given by its producer, unique within `from`. */
  readonly id: string;
  /** Position in the subscription: gapless from 1, the same in every attempt. */
  readonly sequence: number;
  /** From 2 on, the event may have been seen before. */
  readonly attempt: number;
  /** Undefined for an event that is addressed to the agent. */
  readonly topic: string | undefined;
  /** `agent:ID`, or `server`. */
  readonly from: string;
  /** When the server took it, in ms since 1970-01-01 UTC. */
  readonly publishedAt: number;
  readonly #answers: EventAnswers;

  constructor(packet: Event, answers: EventAnswers) {
    super(packet.body, packet.contentType);
    this.id = packet.eventId;
    this.sequence = packet.sequence;
    this.attempt = packet.attempt;
    this.topic = packet.topic ?? undefined;
    this.from = packet.from;
    this.publishedAt = packet.publishedAt;
    this.#answers = answers;
  }

  /**
   * The event is done: written down here, then told to the server.
   *
   * @returns false when it was answered before, or a later attempt took the place of this one.
   */
  ack(): Promise<boolean> {
    return this.#answers.ack();
  }

  /** The event could not be handled; it comes again. @returns false as `ack`. */
  nack(options: NackOptions = {}): boolean {
    return this.#answers.nack(options);
  }

  /** It is still worked on: the time for its answer starts anew. @returns false as `ack`. */
  progress(): boolean {
    return this.#answers.progress();
  }

  /** The JSON value in the body. @throws ProtocolError `E_BAD_REQUEST` when the body is not JSON. */
  json(): unknown {
    const text = utf8Decode(this.body);
    try {
      return JSON.parse(text ?? '') as unknown;
    } catch (cause) {
      throw new ProtocolError('E_BAD_REQUEST', 'the body is not JSON', { cause });
    }
  }
}

/**
 * Thrown by a handler: the event is to come again, after a time that the handler knows best.
 *
 * @example
 * throw new RetryLater(60_000, 'the printer is out of paper');
 */
export class RetryLater extends Error {
  override readonly name = 'RetryLater';
  readonly delayMs: number;

  constructor(delayMs: number, reason = 'later') {
    super(reason);
    this.delayMs = delayMs;
  }
}
