/**
 * Own requests: those that wait for room at the peer, in the order in which they were asked for, and those that wait for
 * their answers. Each is a promise, with parts before its end where several answers are wanted.
 */
import { ProtocolError, errorByNumber, type ErrorCode } from '../errors/index.ts';
import type { Response } from '../packets/index.ts';
import { IdTable } from '../requests/index.ts';
import { RESPONSE_STATUS, type OutgoingRequest, type Session } from '../session/index.ts';
import { ReceivedContent } from './content.ts';

/** Requests that wait for room because the peer's limit of requests in flight is reached; more are refused. */
const REQUESTS_QUEUED_MAX = 8_192;

/** Who waits for the answers to one request. */
export interface ResponseSink {
  /** An answer before the last one. */
  readonly onProgress: ((part: ReceivedContent) => void) | undefined;
  readonly resolve: (reply: ReceivedContent) => void;
  readonly reject: (error: Error) => void;
}

/** What is asked, and who waits for it. */
export interface AskedRequest {
  readonly outgoing: OutgoingRequest;
  readonly sink: ResponseSink;
  /** Gives the request up when aborted. */
  readonly signal: AbortSignal | undefined;
}

/** A request, sent or not. */
interface QueuedRequest extends AskedRequest {
  /** When its time is over, in ms, counted from when it was asked for; Infinity for never. */
  readonly dueAt: number;
  /** Set when it is sent. */
  requestId: number | undefined;
}

/** What requests need of their channel's owner. */
interface RequestHost {
  readonly session: Session;
  readonly now: () => number;
  readonly wake: () => void;
}

export class OutgoingRequests {
  readonly #host: RequestHost;
  readonly #sinks = new IdTable<ResponseSink>();
  #queued: QueuedRequest[] = [];
  #watchedAt = Number.POSITIVE_INFINITY;

  constructor(host: RequestHost) {
    this.#host = host;
  }

  /**
   * Sends a request, or lets it wait for room; requests are sent in the order in which they were asked for.
   *
   * @throws ProtocolError `E_BUSY` when too many wait.
   */
  ask(request: AskedRequest): void {
    if (this.#queued.length >= REQUESTS_QUEUED_MAX) throw new ProtocolError('E_BUSY', 'too many requests wait');
    const { timeoutMs } = request.outgoing;
    const dueAt = timeoutMs === 0 ? Number.POSITIVE_INFINITY : this.#host.now() + timeoutMs;
    const queued = this.#abortable({ ...request, dueAt, requestId: undefined });
    if (this.#queued.length > 0 || !this.#start(queued)) this.#enqueue(queued);
  }

  onResponse(response: Response): void {
    const sink = this.#sinks.get(response.requestId);
    if (!response.last) {
      sink?.onProgress?.(new ReceivedContent(response.body, response.contentType));
      return;
    }
    this.#sinks.delete(response.requestId);
    if (response.status === RESPONSE_STATUS.error) sink?.reject(responseError(response));
    else sink?.resolve(new ReceivedContent(response.body, response.contentType));
    this.#startQueued();
  }

  /** No last answer came in time. */
  onTimeout(requestId: number): void {
    this.#reject(requestId, new ProtocolError('E_TIMEOUT'));
    this.#startQueued();
  }

  /** A request that waits for room may be past its time. */
  onQueueDue(): void {
    const now = this.#host.now();
    const queued = this.#queued;
    this.#queued = queued.filter(({ dueAt }) => dueAt > now);
    this.#watch(Math.min(...this.#queued.map(({ dueAt }) => dueAt)));
    for (const { dueAt, sink } of queued) if (dueAt <= now) sink.reject(new ProtocolError('E_TIMEOUT'));
  }

  /** The connection is gone: nobody will answer. No error is made, some 20 µs, where nobody waits. */
  rejectAll(code: ErrorCode): void {
    const sinks = [...this.#sinks.entries().map(([, sink]) => sink), ...this.#queued.map(({ sink }) => sink)];
    this.#sinks.clear();
    this.#queued = [];
    if (sinks.length === 0) return;
    const error = new ProtocolError(code);
    for (const sink of sinks) sink.reject(error);
  }

  /** @returns false while there is no room. */
  #start(request: QueuedRequest): boolean {
    const { outgoing, dueAt, sink } = request;
    const now = this.#host.now();
    const timeoutMs = outgoing.timeoutMs === 0 ? 0 : Math.ceil(dueAt - now);
    try {
      if (dueAt <= now) throw new ProtocolError('E_TIMEOUT');
      request.requestId = this.#host.session.request({ ...outgoing, timeoutMs }, now);
    } catch (error) {
      sink.reject(error as Error);
      return true;
    }
    if (request.requestId === undefined) return false;
    this.#sinks.add(request.requestId, sink);
    this.#host.wake();
    return true;
  }

  #enqueue(request: QueuedRequest): void {
    this.#queued.push(request);
    if (request.dueAt < this.#watchedAt) this.#watch(request.dueAt);
  }

  /** Has `onQueueDue` called at a time: no request in the queue is over before it. */
  #watch(at: number): void {
    this.#watchedAt = at;
    this.#host.session.watchQueue(at);
    this.#host.wake();
  }

  #startQueued(): void {
    for (let next = this.#queued[0]; next !== undefined && this.#start(next); next = this.#queued[0]) {
      this.#queued.shift();
    }
  }

  /** The request as its signal gives it up: the signal is let go when the request is over. */
  #abortable(request: QueuedRequest): QueuedRequest {
    const { signal, sink } = request;
    if (signal === undefined) return request;
    const onAbort = (): void => {
      this.#cancel(abortable);
    };
    const settle = <Outcome>(outcome: (value: Outcome) => void) => {
      return (value: Outcome): void => {
        signal.removeEventListener('abort', onAbort);
        outcome(value);
      };
    };
    const abortable: QueuedRequest = {
      ...request,
      sink: { ...sink, resolve: settle(sink.resolve), reject: settle(sink.reject) },
    };
    signal.addEventListener('abort', onAbort, { once: true });
    return abortable;
  }

  #cancel({ requestId, ...request }: QueuedRequest): void {
    const error = new ProtocolError('E_CANCELLED');
    if (requestId === undefined) {
      this.#queued = this.#queued.filter(({ sink }) => sink !== request.sink);
      request.sink.reject(error);
    } else {
      this.#host.session.cancel(requestId);
      this.#reject(requestId, error);
      this.#host.wake();
    }
    this.#startQueued();
  }

  #reject(requestId: number, error: Error): void {
    const sink = this.#sinks.get(requestId);
    this.#sinks.delete(requestId);
    sink?.reject(error);
  }
}

function responseError(response: Response): ProtocolError {
  return new ProtocolError(errorByNumber(response.code) ?? 'E_HANDLER_FAILED');
}
