/**
 * IncomingWork: what handlers of one channel work on: requests, those of them that the peer gave up, and notifications. It knows
 * how many there are and how many bytes they brought.
 */
import type { Request } from '../packets/index.ts';
import { IdTable } from '../requests/index.ts';
import type { RequestContext } from './incoming-request.ts';

/** Where bytes are counted that came in and are not done with; the owner of a channel may bound them for all its channels. */
export interface InboundBytes {
  add(bytes: number): void;
  free(bytes: number): void;
  /** Whether so many bytes more are not to be taken. */
  refuses(bytes: number): boolean;
}

/** Notification handlers that may be at work before reading pauses. */
const NOTIFICATIONS_AT_WORK_MAX = 1_024;

/**
 * Handlers that may still be at work on requests which the peer gave up. A peer that asks and gives up in turn stays below
 * its limit of requests in flight, and would start handlers without end (the "rapid reset" of HTTP/2, CVE-2023-44487).
 */
const ABANDONED_AT_WORK_MAX = 1_024;

export class IncomingWork<Peer> {
  readonly #inbound: InboundBytes | undefined;
  readonly #requests = new IdTable<RequestContext<Peer>>();
  #abandoned = 0;
  #notifications = 0;
  #notificationBytes = 0;

  constructor(inbound: InboundBytes | undefined) {
    this.#inbound = inbound;
  }

  /** Requests that somebody waits for. */
  get requestCount(): number {
    return this.#requests.size;
  }

  /** Bytes that notifications at work brought. */
  get notificationBytes(): number {
    return this.#notificationBytes;
  }

  /** Whether more notifications came in than are being worked off. */
  get isFull(): boolean {
    return this.#notifications >= NOTIFICATIONS_AT_WORK_MAX;
  }

  /** Whether no handler is to be started for a request with so many bytes. */
  refuses(bytes: number): boolean {
    return this.#abandoned >= ABANDONED_AT_WORK_MAX || this.#inbound?.refuses(bytes) === true;
  }

  /** A handler works on it from now on. */
  beginRequest({ requestId, body }: Request, context: RequestContext<Peer>): void {
    this.#requests.add(requestId, context);
    this.#inbound?.add(body.length);
  }

  /** Its handler came to its end. @returns whether an answer is still wanted. */
  endRequest({ requestId, body }: Request): boolean {
    this.#inbound?.free(body.length);
    const isWanted = this.#requests.delete(requestId);
    if (!isWanted) this.#abandoned -= 1;
    return isWanted;
  }

  /** Nobody waits for its answer any more; its handler works on. */
  abandon(requestId: number, code: Parameters<RequestContext['end']>[0]): void {
    const context = this.#requests.get(requestId);
    if (context === undefined) return;
    this.#requests.delete(requestId);
    this.#abandoned += 1;
    context.end(code);
  }

  abandonAll(code: Parameters<RequestContext['end']>[0]): void {
    for (const [requestId] of this.#requests.entries()) this.abandon(requestId, code);
  }

  beginNotification(bytes: number): void {
    this.#notifications += 1;
    this.#notificationBytes += bytes;
    this.#inbound?.add(bytes);
  }

  endNotification(bytes: number): void {
    this.#notifications -= 1;
    this.#notificationBytes -= bytes;
    this.#inbound?.free(bytes);
  }
}
