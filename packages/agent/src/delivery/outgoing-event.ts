/** What a program publishes, checked and in the form in which it travels. */
import { utf8Encode } from '@sealane/shared/bytes';
import { encodeContent, type Content } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import {
  CONTENT_TYPE_BYTES_MAX,
  EVENT_BODY_BYTES_MAX,
  EVENT_ID_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '@sealane/shared/packets';
import { checkEventAddress } from '@sealane/shared/topics';
import type { OutgoingEvent } from './outbox.ts';

/** Options of `publish`. */
export interface PublishOptions {
  /**
   * Makes repetitions harmless: within 24 h an event of the same id and content is absorbed and gets the same receipt.
   * 1 to 128 bytes. Without it, each call is another event.
   */
  readonly id?: string | undefined;
  /** After this time the event is not delivered any more; counts from the moment at which the server takes it. */
  readonly ttlMs?: number | undefined;
  /** Time before its first delivery; counts as `ttlMs`. */
  readonly delayMs?: number | undefined;
  /** `relaxed` allows the server to answer before the event is safe on its disk. Default `durable`. */
  readonly durability?: 'durable' | 'relaxed' | undefined;
  /** Time to wait for the receipt; default 10,000 ms, 0 for no limit. The event stays in the outbox and goes out later. */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait, not the event. */
  readonly signal?: AbortSignal | undefined;
  /**
   * `receipt` (default) resolves when the server has stored the event; `stored`, when it is durable in the outbox of
   * this agent: it goes out when the server can be reached, also after a restart.
   */
  readonly waitFor?: 'receipt' | 'stored' | undefined;
}

/**
 * The event to be sent.
 *
 * @throws ProtocolError `E_BAD_TOPIC`, `E_UNKNOWN_ADDRESS`, `E_EVENT_TOO_LARGE`, `E_BAD_REQUEST` for what no server takes.
 */
export function outgoingEvent(to: string, content: Content | undefined, options: PublishOptions): OutgoingEvent {
  checkAddress(to);
  const { body, contentType } = encodeContent(content);
  if (body.length > EVENT_BODY_BYTES_MAX)
    throw new ProtocolError(
      'E_EVENT_TOO_LARGE',
      `An event has at most ${EVENT_BODY_BYTES_MAX} bytes, got ${body.length}`,
    );
  const { id, ttlMs = 0, delayMs = 0, durability = 'durable' } = options;
  checkText('id', id, EVENT_ID_BYTES_MAX);
  checkText('content type', contentType ?? undefined, CONTENT_TYPE_BYTES_MAX);
  return {
    to,
    eventId: id ?? null,
    contentType,
    // The caller may go on using its array while the event waits. Small copies share memory: an ArrayBuffer of its own
    // for each is what collecting garbage costs most for.
    body: content instanceof Uint8Array ? Buffer.from(body) : body,
    ttlMs: checkedMs('ttlMs', ttlMs, UINT_MAX),
    delayMs: checkedMs('delayMs', delayMs, UINT32_MAX),
    relaxed: durability === 'relaxed',
  };
}

function checkAddress(to: string): void {
  const code = checkEventAddress(to);
  if (code === undefined) return;
  if (code === 'E_BAD_TOPIC') throw new ProtocolError(code);
  throw new ProtocolError(code, `"to" expected agent:ID or topic:NAME, got ${JSON.stringify(to)}`);
}

function checkText(name: string, text: string | undefined, bytesMax: number): void {
  if (text === undefined) return;
  const size = utf8Encode(text).length;
  if (size >= 1 && size <= bytesMax && text.isWellFormed()) return;
  throw new ProtocolError('E_BAD_REQUEST', `The ${name} of an event has 1 to ${bytesMax} bytes of UTF-8, got ${size}`);
}

function checkedMs(name: string, ms: number, msMax: number): number {
  if (Number.isFinite(ms) && ms >= 0 && ms <= msMax) return Math.round(ms);
  throw new RangeError(`"${name}" expected 0 to ${msMax} ms, got ${ms}`);
}
