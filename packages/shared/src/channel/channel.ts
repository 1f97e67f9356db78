/** Channel: the session as programs see it. Like the session it does no I/O of its own. */
import { ProtocolError, SealaneError, assert, type ErrorCode } from '../errors/index.ts';
import { UINT32_MAX, type Notification, type Request } from '../packets/index.ts';
import { RESPONSE_STATUS, type ClosedEvent, type Session, type SessionEvent } from '../session/index.ts';
import { ChannelStream, type StreamHost } from './channel-stream.ts';
import { ReceivedContent, encodeContent, type Content } from './content.ts';
import { IncomingRequest, RequestContext, type Respond } from './incoming-request.ts';
import { IncomingWork, type InboundBytes } from './incoming-work.ts';
import { OutgoingRequests } from './outgoing-requests.ts';
import type { ChannelHandlers } from './handlers.ts';

/** What a channel needs of its owner. */
export interface ChannelOwner<Peer> {
  readonly session: Session;
  /** Handlers for what the peer asks; may be shared by many channels. */
  readonly handlers: ChannelHandlers<Peer>;
  /** Who is at the other end; handed to handlers. */
  readonly peer: Peer;
  /** Monotonic clock in ms. */
  readonly now: () => number;
  /** Something waits to be sent: flush soon. */
  readonly wake: () => void;
  /** Bytes handed to the connection that it has not sent. */
  readonly unsentBytes: () => number;
  /** At this many waiting bytes writers pause. */
  readonly highWaterBytes: number;
  /** Where bytes that handlers work on are counted. */
  readonly inbound?: InboundBytes;
  /** A handler threw something that is no refusal. */
  readonly onHandlerError: (name: string, error: unknown) => void;
}

/** Options of a request. */
export interface RequestOptions {
  /** Time for the last answer in ms; default 30,000. */
  readonly timeoutMs?: number;
  /** Another agent, through the server: `agent:ID`. */
  readonly to?: string;
  /** Set by the server when it passes on what an agent asked. */
  readonly from?: string;
  /** Called with each part or progress report before the last answer. */
  readonly onProgress?: (part: ReceivedContent) => void;
  /** Gives the request up when aborted. */
  readonly signal?: AbortSignal;
}

/** Time for an answer when none is named. */
export const REQUEST_TIMEOUT_MS_DEFAULT = 30_000;

/**
 * Requests, notifications and streams over one session, as promises and objects. Server and agent use the same one.
 *
 * Its owner feeds it events (`dispatch`), tells it when the connection can take more (`onDrain`), and is told when
 * something waits to be sent (`wake` of `ChannelOwner`).
 */
export class Channel<Peer = unknown> implements StreamHost {
  readonly session: Session;
  readonly #owner: ChannelOwner<Peer>;
  readonly #outgoing: OutgoingRequests;
  readonly #work: IncomingWork<Peer>;
  readonly #streams = new Map<number, ChannelStream>();
  readonly #waitingWriters = new Map<ChannelStream, () => void>();
  #drainWaiters: (() => void)[] = [];
  #closed: ClosedEvent | undefined;
  readonly #respond: Respond;

  constructor(owner: ChannelOwner<Peer>) {
    this.session = owner.session;
    this.#owner = owner;
    this.#outgoing = new OutgoingRequests(owner);
    this.#work = new IncomingWork(owner.inbound);
    this.#respond = (requestId, status, last, content, code) =>
      this.#sendResponse(requestId, status, last, content, code);
  }

  /** Whether its owner should stop reading: more came in than is being worked off. */
  get wantsPause(): boolean {
    return this.#work.isFull;
  }

  /** Bytes of notifications that handlers work on: like those of streams they can be refused to nobody, only be read later. */
  get notificationBytes(): number {
    return this.#work.notificationBytes;
  }

  /** Bytes that wait for the peer to read them, in every stage of this side. */
  get unsentBytes(): number {
    return this.session.waitingBytes + this.#owner.unsentBytes();
  }

  /** Requests of the peer that a handler works on. */
  get requestsAtWork(): number {
    return this.#work.requestCount;
  }

  /**
   * Asks the peer, or through it another agent, and resolves with the last answer.
   *
   * @throws ProtocolError with the peer's code, `E_TIMEOUT`, `E_CANCELLED`, `E_CLOSED`, or `E_BUSY` when too many wait.
   */
  request(name: string, content?: Content, options: RequestOptions = {}): Promise<ReceivedContent> {
    return new Promise((resolve, reject) => {
      const { signal, onProgress } = options;
      if (signal?.aborted === true) {
        reject(new ProtocolError('E_CANCELLED'));
        return;
      }
      const { body, contentType } = encodeContent(content);
      const timeoutMs = Math.min(options.timeoutMs ?? REQUEST_TIMEOUT_MS_DEFAULT, UINT32_MAX);
      const { to = null, from = null } = options;
      this.#outgoing.ask({
        outgoing: { name, body, contentType, timeoutMs, to, from },
        sink: { resolve, reject, onProgress: onProgress && this.#guarded(name, onProgress) },
        signal,
      });
    });
  }

  /**
   * Tells the peer something without asking for an answer. It arrives unless the connection ends.
   *
   * @returns undefined, or a promise to wait for when so much is unsent that the sender should pause.
   * @throws ProtocolError `E_CLOSED` when the connection is over.
   */
  notify(name: string, content?: Content): Promise<void> | undefined {
    const { body, contentType } = encodeContent(content);
    this.session.notify(name, body, contentType);
    this.#owner.wake();
    return this.isCongested() ? this.drained() : undefined;
  }

  /** Opens a stream. @throws ProtocolError `E_STREAM_LIMIT` when as many are open as the peer allows. */
  openStream(name: string, metadata: Uint8Array = new Uint8Array(0)): ChannelStream {
    const streamId = this.session.openStream(name, metadata);
    if (streamId === undefined) throw new ProtocolError('E_STREAM_LIMIT');
    const stream = new ChannelStream(this, { streamId, name, metadata });
    this.#streams.set(streamId, stream);
    this.#owner.wake();
    return stream;
  }

  /** Resolves when the connection can take more, or is over. */
  drained(): Promise<void> {
    if (this.#closed !== undefined || !this.isCongested()) return Promise.resolve();
    return new Promise((resolve) => this.#drainWaiters.push(resolve));
  }

  // For its owner.

  /** Passes on one event of the session. */
  dispatch(event: SessionEvent): void {
    switch (event.type) {
      case 'request':
        this.#onRequest(event.request);
        break;
      case 'response':
        this.#outgoing.onResponse(event.response);
        break;
      case 'notification':
        this.#onNotification(event.notification);
        break;
      case 'request-ended':
        this.#work.abandon(event.requestId, event.code);
        break;
      case 'response-timeout':
        this.#outgoing.onTimeout(event.requestId);
        break;
      case 'queue-due':
        this.#outgoing.onQueueDue();
        break;
      case 'stream-data':
        this.#onStreamData(event.streamId, event.bytes);
        break;
      case 'stream-credit':
        this.#wakeWriters(event.streamId);
        break;
      case 'stream-opened':
        this.#onStreamOpened(event.streamId, event.name, event.metadata);
        break;
      case 'stream-ended':
        this.#streams.get(event.streamId)?.onEnded();
        break;
      case 'stream-reset':
        this.#streams.get(event.streamId)?.onReset(new ProtocolError(event.code ?? 'E_STREAM_RESET'));
        break;
      case 'closed':
        this.#onClosed(event);
        break;
      default:
        break;
    }
  }

  /** The connection can take more. */
  onDrain(): void {
    if (this.isCongested()) return;
    this.#wakeWriters(0);
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }

  // For its streams.

  wake(): void {
    this.#owner.wake();
  }

  isCongested(): boolean {
    return this.unsentBytes >= this.#owner.highWaterBytes;
  }

  untilWritable(stream: ChannelStream): Promise<void> {
    if (this.#closed !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      assert(!this.#waitingWriters.has(stream), 'one write at a time on a stream');
      this.#waitingWriters.set(stream, resolve);
    });
  }

  wakeWriter(stream: ChannelStream): void {
    const wake = this.#waitingWriters.get(stream);
    this.#waitingWriters.delete(stream);
    wake?.();
  }

  forget(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    this.#streams.delete(streamId);
    this.wakeWriter(stream);
  }

  /** A callback of the program: what it throws is reported and stops nothing. */
  #guarded(name: string, onProgress: (part: ReceivedContent) => void): (part: ReceivedContent) => void {
    return (part) => {
      try {
        onProgress(part);
      } catch (error) {
        this.#owner.onHandlerError(name, error);
      }
    };
  }

  #onRequest(request: Request): void {
    const { requestId } = request;
    // Given up before its turn came.
    if (!this.session.isRequestWaiting(requestId)) return;
    if (this.#work.refuses(request.body.length)) {
      this.#sendResponse(requestId, RESPONSE_STATUS.error, true, undefined, 'E_BUSY');
      return;
    }
    const handler = this.#owner.handlers.request(request.name, request.to);
    if (handler === undefined) {
      this.#sendResponse(requestId, RESPONSE_STATUS.error, true, undefined, 'E_NO_HANDLER');
      return;
    }
    const context = new RequestContext(requestId, this.#owner.peer, this.#respond);
    try {
      const reply = handler(new IncomingRequest(request), context);
      if (reply instanceof Promise) this.#awaitReply(request, context, reply);
      else this.#sendResponse(requestId, RESPONSE_STATUS.success, true, reply);
    } catch (error) {
      this.#refuse(request, error);
    }
  }

  #awaitReply(request: Request, context: RequestContext<Peer>, reply: Promise<Content | undefined>): void {
    this.#work.beginRequest(request, context);
    reply.then(
      (content) => {
        if (!this.#work.endRequest(request)) return;
        try {
          this.#sendResponse(request.requestId, RESPONSE_STATUS.success, true, content);
        } catch (error) {
          this.#refuse(request, error);
        }
      },
      (error: unknown) => {
        if (this.#work.endRequest(request)) this.#refuse(request, error);
      },
    );
  }

  /** A handler failed: the peer gets a code, never a detail. */
  #refuse(request: Request, error: unknown): void {
    const isRefusal = error instanceof SealaneError;
    if (!isRefusal) this.#owner.onHandlerError(request.name, error);
    const code = isRefusal ? error.code : 'E_HANDLER_FAILED';
    this.#sendResponse(request.requestId, RESPONSE_STATUS.error, true, undefined, code);
  }

  #sendResponse(
    requestId: number,
    status: number,
    last: boolean,
    content: Content | undefined,
    code?: ErrorCode,
  ): boolean {
    const { body, contentType } = encodeContent(content);
    const sent = this.session.respond({ requestId, status, last, body, contentType, code });
    if (sent) this.#owner.wake();
    return sent;
  }

  #onNotification(notification: Notification): void {
    const { name } = notification;
    const handler = this.#owner.handlers.notification(name);
    if (handler === undefined) return;
    try {
      const done = handler(new ReceivedContent(notification.body, notification.contentType), this.#owner.peer);
      if (!(done instanceof Promise)) return;
      this.#work.beginNotification(notification.body.length);
      done
        .catch((error: unknown) => {
          this.#owner.onHandlerError(name, error);
        })
        .finally(() => {
          this.#work.endNotification(notification.body.length);
          this.#owner.wake();
        });
    } catch (error) {
      this.#owner.onHandlerError(name, error);
    }
  }

  #onStreamOpened(streamId: number, name: string, metadata: Uint8Array): void {
    // Given up within the same read: no handler starts, or a peer could start any number of them.
    if (!this.session.isStreamOpen(streamId)) return;
    const handler = this.#owner.handlers.stream(name);
    if (handler === undefined) {
      this.session.resetStream(streamId, 'E_STREAM_REFUSED');
      this.#owner.wake();
      return;
    }
    const stream = new ChannelStream(this, { streamId, name, metadata });
    this.#streams.set(streamId, stream);
    const onError = (error: unknown): void => {
      const isRefusal = error instanceof SealaneError;
      if (!isRefusal) this.#owner.onHandlerError(name, error);
      stream.reset(isRefusal ? error.code : 'E_HANDLER_FAILED');
    };
    try {
      Promise.resolve(handler(stream, this.#owner.peer)).catch(onError);
    } catch (error) {
      onError(error);
    }
  }

  /** Bytes for a stream that was given up while they waited as an event are dropped, and their credit goes back. */
  #onStreamData(streamId: number, bytes: Uint8Array): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) {
      stream.onData(bytes);
      return;
    }
    this.session.consumeStream(streamId, bytes.length);
    this.#owner.wake();
  }

  #onClosed(event: ClosedEvent): void {
    this.#closed = event;
    const code = event.code ?? 'E_CLOSED';
    this.#outgoing.rejectAll(code);
    this.#work.abandonAll('E_CLOSED');
    for (const stream of [...this.#streams.values()]) stream.onClosed(new ProtocolError(code));
    this.#wakeWriters(0);
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Lets writers try again, in the order in which they came to wait: one stream, or with id 0 all. */
  #wakeWriters(streamId: number): void {
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.wakeWriter(stream);
    if (streamId !== 0) return;
    const writers = [...this.#waitingWriters.values()];
    this.#waitingWriters.clear();
    for (const wake of writers) wake();
  }
}
