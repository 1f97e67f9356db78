/**
 * The requests of an open session, both directions: packets in, events out, and the other way round
 * (docs/protocols/requests.md). What is allowed is the request table's business.
 */
import { ProtocolError, type ErrorCode } from '../errors/index.ts';
import {
  encodeCancel,
  encodeRequest,
  encodeResponse,
  type Cancel,
  type Request,
  type Response,
} from '../packets/index.ts';
import { RequestTable } from '../requests/index.ts';
import type { SessionParts } from './session-parts.ts';
import { wireNumber } from './wire-number.ts';

/** A request to be sent. */
export interface OutgoingRequest {
  readonly name: string;
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** 0 for no deadline. */
  readonly timeoutMs: number;
  /** `agent:ID` for another agent, null for the peer itself. */
  readonly to: string | null;
  /** Set by the server only: `agent:ID` on whose behalf it asks. */
  readonly from: string | null;
}

/** A response to be sent. */
export interface OutgoingResponse {
  readonly requestId: number;
  readonly status: number;
  readonly last: boolean;
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** Error of the table, for an error response. */
  readonly code: ErrorCode | undefined;
}

/** Status of a response (docs/protocols/requests.md §2). */
export const RESPONSE_STATUS = { success: 0, error: 1, progress: 2 } as const;

const EMPTY = new Uint8Array(0);

export class SessionRequests {
  readonly #parts: SessionParts;
  readonly #table: RequestTable;
  /** See `Session.watchQueue`. */
  queueDueAt = Number.POSITIVE_INFINITY;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#table = new RequestTable(parts.limits);
  }

  /** Own requests and the peer's that wait for their last response. */
  get inFlight(): { readonly outgoing: number; readonly incoming: number } {
    return { outgoing: this.#table.outgoingCount, incoming: this.#table.incomingCount };
  }

  /** When `expire` has something to do, in ms; Infinity for never. */
  get wantsTimeoutAt(): number {
    return Math.min(this.#table.wantsTimeoutAt, this.queueDueAt);
  }

  /** See `Session.isRequestWaiting`. */
  isWaiting(requestId: number): boolean {
    return this.#table.isWaiting(requestId);
  }

  /** See `Session.request`. */
  request(request: OutgoingRequest, now: number): number | undefined {
    const requestId = this.#table.start(deadline(request.timeoutMs, now));
    if (requestId === undefined) return undefined;
    const { outbox } = this.#parts;
    try {
      const { name, body, contentType, timeoutMs, to, from } = request;
      encodeRequest(outbox.writer(), requestId, name, body, contentType, timeoutMs, to, from);
    } catch (error) {
      this.#table.cancel(requestId);
      throw error;
    }
    outbox.written();
    return requestId;
  }

  /** See `Session.cancel`. */
  cancel(requestId: number): void {
    if (!this.#table.cancel(requestId)) return;
    encodeCancel(this.#parts.outbox.writer(), requestId);
    this.#parts.outbox.written();
  }

  /** See `Session.respond`. */
  respond(response: OutgoingResponse): boolean {
    const { requestId, status, last, body, contentType, code } = response;
    if (!this.#table.isWaiting(requestId)) return false;
    const { outbox } = this.#parts;
    const number = code === undefined ? 0 : wireNumber(code);
    encodeResponse(outbox.writer(), requestId, status, last, body, contentType, number);
    if (last) this.#table.finish(requestId);
    outbox.written();
    return true;
  }

  /** 0x20 came (§1). @throws ProtocolError `E_STATE`. */
  onRequest(request: Request, now: number): void {
    const { role, outbox, events } = this.#parts;
    if (role === 'server' && request.from !== null) throw new ProtocolError('E_STATE', 'only a server may set "from"');
    if (this.#table.onRequest(request.requestId, deadline(request.timeoutMs, now)) === 'accepted') {
      events.push({ type: 'request', request });
      return;
    }
    const code = wireNumber('E_BUSY');
    encodeResponse(outbox.writer(), request.requestId, RESPONSE_STATUS.error, true, EMPTY, null, code);
    outbox.written();
  }

  /** 0x21 came (§2). @throws ProtocolError `E_STATE`, `E_MALFORMED` for an error that is not the last response. */
  onResponse(response: Response): void {
    if (response.status === RESPONSE_STATUS.error && !response.last) throw new ProtocolError('E_MALFORMED');
    if (this.#table.onResponse(response.requestId, response.last))
      this.#parts.events.push({ type: 'response', response });
  }

  /** 0x22 came (§4). @throws ProtocolError `E_STATE`. */
  onCancel({ requestId }: Cancel): void {
    if (!this.#table.onCancel(requestId)) return;
    this.#parts.events.push({ type: 'request-ended', requestId, code: 'E_CANCELLED' });
  }

  /** Ends what is past its deadline (§3). */
  expire(now: number): void {
    if (now < this.wantsTimeoutAt) return;
    const { events } = this.#parts;
    if (now >= this.queueDueAt) {
      this.queueDueAt = Number.POSITIVE_INFINITY;
      events.push({ type: 'queue-due' });
    }
    const expired = this.#table.expire(now);
    for (const requestId of expired.outgoing) events.push({ type: 'response-timeout', requestId });
    for (const requestId of expired.incoming) events.push({ type: 'request-ended', requestId, code: 'E_TIMEOUT' });
  }
}

/** When a request given `timeoutMs` is over; 0 stands for no deadline. */
function deadline(timeoutMs: number, now: number): number {
  return timeoutMs === 0 ? Number.POSITIVE_INFINITY : now + timeoutMs;
}
