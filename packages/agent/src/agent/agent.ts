/**
 * Agent: keeps one connection to a server. What it is asked to do goes over the open link, or waits for the next one;
 * handlers outlive connections. How links are made and remade is supervisor.ts.
 *
 * What was under way when a connection was cut fails with `E_TRUNCATED`: whether the peer did it is unknown.
 */
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AnswerOf, CallFields, CallId } from '@sealane/shared/items';
import type { Transient } from '@sealane/shared/packets';
import { TransportError } from '@sealane/shared/errors';
import {
  type HandlerSet,
  REQUEST_TIMEOUT_MS_DEFAULT,
  type ChannelStream,
  type Content,
  type NotificationHandler,
  type ReceivedContent,
  type RequestHandler,
  type RequestOptions,
  type StreamHandler,
} from '@sealane/shared/channel';
import { monotonicNow } from '@sealane/node/transport';
import {
  outgoingEvent,
  type AgentDelivery,
  type EventHandler,
  type PresenceListener,
  type PresenceWatch,
  type PublishOptions,
  type QueuedReceipt,
  type Receipt,
  type RefusedEvent,
  type SubscribeOptions,
  type Subscription,
} from '../delivery/index.ts';
import type { CallOptions, Link } from '../link/index.ts';
import type { AgentEvents, AgentState, ClosedState } from './agent-state.ts';
import { WaitingRoom, type Wait } from './waiting-room.ts';

/** Options of `send`. */
export interface SendOptions {
  /** Time to wait for a connection; default 30,000 ms, 0 for no limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Options of `openStream`. */
export interface OpenStreamOptions extends SendOptions {
  /** What the other side is told about the stream, at most 8,192 bytes. */
  readonly metadata?: Uint8Array;
}

/** What the agent needs of whoever keeps its connection. */
export interface AgentKeeper {
  close(): void;
  /** A handler or listener of the program failed. */
  report(what: string, error: unknown): void;
}

/** Requests, messages and streams that may wait for a connection together. */
const WAITING_MAX = 1_024;
/** Time for a receipt when none is named. */
const PUBLISH_TIMEOUT_MS_DEFAULT = 10_000;
/** Time for a call of messaging when none is named. */
const CALL_TIMEOUT_MS_DEFAULT = 30_000;
/** Time that `close` gives to handlers of events that are at work, and to what they did to be written down and told. */
const STOP_MS_MAX = 2_000;

/**
 * A connection to a server that is kept. Made by `connect`.
 *
 * @example
 * const agent = await connect({ server: 'example.org:1337', dataDir: './agent' });
 * agent.handle('temperature', () => ({ celsius: 21 }));
 * const reply = await agent.request('report', 'Hello', { timeoutMs: 5_000 });
 * await agent.close();
 */
export class Agent extends EventEmitter<AgentEvents> {
  /** The X25519 key that this agent proves, 32 bytes. */
  readonly publicKey: Uint8Array;
  readonly #keeper: AgentKeeper;
  readonly #handlers: HandlerSet<Agent>;
  readonly #delivery: AgentDelivery;
  readonly #waiting = new WaitingRoom<Link<Agent>>(WAITING_MAX);
  readonly #closed = Promise.withResolvers<ClosedState>();
  readonly #transientListeners = new Set<(packet: Transient) => void>();
  #serverKey: Uint8Array | undefined;
  #link: Link<Agent> | undefined;
  #state: AgentState;

  /** For `connect` alone. */
  constructor(
    keeper: AgentKeeper,
    parts: {
      readonly handlers: HandlerSet<Agent>;
      readonly delivery: AgentDelivery;
      readonly state: AgentState;
      readonly publicKey: Uint8Array;
    },
  ) {
    super();
    this.#keeper = keeper;
    this.#handlers = parts.handlers;
    this.#delivery = parts.delivery;
    this.#state = parts.state;
    this.publicKey = parts.publicKey;
  }

  /** The present state; changes are told as events, under their name and under `state`. */
  get state(): AgentState {
    return this.#state;
  }

  /** The id the server admitted last; undefined before the first contact. */
  get id(): string | undefined {
    return this.#id;
  }

  #id: string | undefined;

  /** Round trip of the last answered ping in ms; undefined before the first, and without a connection. */
  get rttMs(): number | undefined {
    return this.#link?.session.rttMs;
  }

  /** Resolves when the agent is closed, whoever closed it and why. Never rejects. */
  get whenClosed(): Promise<ClosedState> {
    return this.#closed.promise;
  }

  /**
   * Asks the server, or through it another agent (`to: 'agent:ID'`), and resolves with the last answer. Without a
   * connection it waits for the next one, within its time.
   *
   * @param content text, bytes, or a structured value; at most 196,608 bytes.
   * @throws ProtocolError with the peer's code, `E_TIMEOUT`, `E_CANCELLED`, `E_BUSY` when too much waits,
   *   `E_TRUNCATED` when the connection was cut and the outcome is unknown; TransportError `E_CLOSED` after `close`.
   */
  request(name: string, content?: Content, options: RequestOptions = {}): Promise<ReceivedContent> {
    if (this.#link !== undefined) return this.#link.channel.request(name, content, options);
    return this.#requestLater(name, content, options);
  }

  /**
   * Tells the server something and asks for no answer. It arrives unless the connection is cut.
   *
   * @returns undefined, or a promise to wait for before sending more.
   */
  send(name: string, content?: Content, options: SendOptions = {}): Promise<void> | undefined {
    if (this.#link !== undefined) return this.#link.channel.notify(name, content);
    return this.#untilLinked(options).then((link) => link.channel.notify(name, content));
  }

  /** Opens a stream to the server. @throws ProtocolError `E_STREAM_LIMIT`, and as `request` while it waits. */
  async openStream(name: string, options: OpenStreamOptions = {}): Promise<ChannelStream> {
    const link = this.#link ?? (await this.#untilLinked(options));
    return link.channel.openStream(name, options.metadata);
  }

  /** Answers requests of this name, over this connection and all later ones. @throws RangeError when it has a handler. */
  handle(name: string, handler: RequestHandler<Agent>): this {
    this.#handlers.handle(name, handler);
    return this;
  }

  /** Answers requests that no handler fits. */
  handleOther(handler: RequestHandler<Agent>): this {
    this.#handlers.fallback = handler;
    return this;
  }

  /** Takes notifications of this name. @throws RangeError when it has a handler. */
  handleNotification(name: string, handler: NotificationHandler<Agent>): this {
    this.#handlers.handleNotification(name, handler);
    return this;
  }

  /** Serves streams of this name that the server opens. @throws RangeError when it has a handler. */
  handleStream(name: string, handler: StreamHandler<Agent>): this {
    this.#handlers.handleStream(name, handler);
    return this;
  }

  /**
   * Publishes an event, durably: to one agent (`agent:ID`) or to everybody who subscribes a topic (`topic:NAME`). It waits
   * in the outbox of this agent until the server has stored it, through lost connections and, with a data directory,
   * restarts; it is stored once, and in the order of these calls.
   *
   * @param content text, bytes, or a structured value; at most 98,304 bytes.
   * @throws ProtocolError `E_TIMEOUT` when no receipt came in time: the event goes out later all the same;
   *   `E_OUTBOX_FULL`; `E_NO_EVENTS` when the server has no events yet; the server's code when it refuses for good
   *   (`E_FORBIDDEN`, `E_UNKNOWN_ADDRESS`, `E_EVENT_CONFLICT`). TransportError `E_CLOSED` after `close`.
   */
  publish(
    to: string,
    content: Content | undefined,
    options: PublishOptions & { readonly waitFor: 'stored' },
  ): Promise<QueuedReceipt>;
  publish(to: string, content?: Content, options?: PublishOptions): Promise<Receipt>;
  async publish(to: string, content?: Content, options: PublishOptions = {}): Promise<Receipt | QueuedReceipt> {
    const event = outgoingEvent(to, content, options);
    if (options.waitFor === 'stored') return await this.#delivery.queue(event);
    const { timeoutMs = PUBLISH_TIMEOUT_MS_DEFAULT, signal } = options;
    return await this.#delivery.publish(event, { timeoutMs, signal });
  }

  /**
   * Takes the events of a topic, or of all topics that a pattern matches (`*` one level, `>` all that follow); null takes
   * those that are addressed to this agent. The subscription is durable: what is published while the agent is away waits.
   *
   * @param handler acks when it returns, and fails when it throws: then the event comes again, up to 20 times.
   * @throws ProtocolError `E_BAD_TOPIC`, TransportError `E_CLOSED`, RangeError when it is subscribed already.
   */
  subscribe(topic: string | null, handler: EventHandler, options: SubscribeOptions = {}): Subscription {
    return this.#delivery.subscribe(topic, handler, options);
  }

  /** Watches whether another agent is connected: the listener is told at once, and at every change. */
  watchPresence(agentId: string, listener: PresenceListener): PresenceWatch {
    return this.#delivery.watchPresence(agentId, listener);
  }

  /**
   * Makes a call of messaging (docs/protocols/messaging.md §1) and resolves with its answer. Without a connection it waits
   * for the next one, within its time. Whatever changes something may be called again as it was.
   *
   * @throws CallRefusedError with the code of the server; ProtocolError `E_NO_MESSAGING` for an older server, `E_TIMEOUT`,
   *   `E_CANCELLED`, `E_BUSY` when too much waits, `E_TRUNCATED` when the connection was cut and the outcome is unknown;
   *   TransportError `E_CLOSED` after `close`.
   */
  async call<Id extends CallId>(id: Id, fields: CallFields<Id>, options: CallOptions = {}): Promise<AnswerOf<Id>> {
    const { timeoutMs = CALL_TIMEOUT_MS_DEFAULT, signal } = options;
    const startedAt = monotonicNow();
    const link = this.#link ?? (await this.#untilLinked({ timeoutMs, signal }));
    const leftMs = timeoutMs === 0 ? 0 : Math.max(1, Math.round(timeoutMs - (monotonicNow() - startedAt)));
    return await link.calls.call(id, fields, { timeoutMs: leftMs, signal });
  }

  /** Is told messages that the server did not store, such as typing. @returns what ends that. */
  onTransient(listener: (packet: Transient) => void): () => void {
    this.#transientListeners.add(listener);
    return () => void this.#transientListeners.delete(listener);
  }

  /** The X25519 key of the server that admitted this agent last, 32 bytes; undefined before the first contact. */
  get serverKey(): Uint8Array | undefined {
    return this.#serverKey;
  }

  /**
   * Ends the connection in an orderly way, and all attempts to make one. Resolves when it is over.
   *
   * No event is taken any more; handlers at work have 2 s to return, and what they did is told to the server.
   */
  async close(): Promise<void> {
    const stopped = this.#delivery.stop();
    if (stopped !== undefined) await Promise.race([stopped, sleep(STOP_MS_MAX, undefined, { ref: false })]);
    this.#keeper.close();
    await this.#closed.promise;
  }

  // For the supervisor.

  /** There is a link that takes new work, or none. */
  useLink(link: Link<Agent> | undefined): void {
    this.#link = link;
    this.#serverKey = link?.server?.serverKey ?? this.#serverKey;
    if (link !== undefined) this.#waiting.admitAll(link);
  }

  /** The agent is in another state now. */
  enter(state: AgentState): void {
    this.#state = state;
    if (state.state === 'connected') this.#id = state.id;
    this.#tell(state);
    if (state.state !== 'closed') return;
    this.#waiting.refuseAll(closedError(state));
    this.#closed.resolve(state);
  }

  /** The server refused an event for good, and nobody waits for it. */
  tellRefused(refused: RefusedEvent): void {
    this.#guard(() => this.emit('event-refused', refused));
  }

  /** The server passed on something that it did not store. */
  tellTransient(packet: Transient): void {
    for (const listener of this.#transientListeners) this.#guard(() => listener(packet));
  }

  #tell(state: AgentState): void {
    this.#guard(() => this.emit('state', state));
    this.#guard(() => {
      if (state.state === 'connecting') this.emit('connecting', state);
      else if (state.state === 'connected') this.emit('connected', state);
      else if (state.state === 'reconnecting') this.emit('reconnecting', state);
      else this.emit('closed', state);
    });
  }

  /** A listener that throws must not end the connection. */
  #guard(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#keeper.report('a listener of the agent failed', error);
    }
  }

  async #requestLater(name: string, content: Content | undefined, options: RequestOptions): Promise<ReceivedContent> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS_DEFAULT;
    const startedAt = monotonicNow();
    const link = await this.#untilLinked({ timeoutMs, signal: options.signal });
    const leftMs = timeoutMs === 0 ? 0 : Math.max(1, Math.round(timeoutMs - (monotonicNow() - startedAt)));
    return await link.channel.request(name, content, { ...options, timeoutMs: leftMs });
  }

  #untilLinked({ timeoutMs = REQUEST_TIMEOUT_MS_DEFAULT, signal }: Partial<Wait>): Promise<Link<Agent>> {
    if (this.#state.state === 'closed') return Promise.reject(closedError(this.#state));
    return this.#waiting.wait({ timeoutMs, signal });
  }
}

function closedError(state: ClosedState): TransportError {
  return new TransportError('E_CLOSED', 'the agent is closed', { cause: state.error });
}
