/**
 * Link: the session, the TCP connection and the channel of one connection, wired together.
 *
 * server-identified → trust → 0x03 → opened → requests, notifications, streams → closed
 */
import type { Socket } from 'node:net';
import { Channel, type ChannelHandlers } from '@sealane/shared/channel';
import { ConfigError, ProtocolError, SealaneError } from '@sealane/shared/errors';
import type { ServerMessagingPacket } from '@sealane/shared/items';
import type { Transient } from '@sealane/shared/packets';
import type {
  AgentSession,
  ClosedEvent,
  OpenedEvent,
  ServerIdentifiedEvent,
  SessionEvent,
} from '@sealane/shared/session';
import { showAddress, type Address } from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import { DEFAULT_CONNECTION_LIMITS, TcpConnection, monotonicNow, type ConnectionOwner } from '@sealane/node/transport';
import type { DeliveryLink } from '../delivery/index.ts';
import type { Judgement, ServerTrust } from '../trust/index.ts';
import { Calls } from './calls.ts';
import { linkEnd, linkFailure, type LinkContext, type LinkEnd, type LinkProgress } from './link-end.ts';
import { SessionDelivery } from './session-delivery.ts';

/** Who takes what a server sends about events. */
export interface LinkDelivery {
  /** Whether something was sent that the server has not answered. */
  readonly isBusy: boolean;
  onPacket(event: Extract<SessionEvent, { type: 'delivery' }>): void;
  /** The link can take more. */
  onDrain(): void;
}

/** What a link needs of whoever opens it. */
export interface LinkOwner<Peer> {
  readonly address: Address;
  readonly trust: ServerTrust;
  readonly handlers: ChannelHandlers<Peer>;
  readonly delivery: LinkDelivery;
  /** Told messages that were not stored (docs/protocols/messaging.md §7). */
  readonly onTransient: (packet: Transient) => void;
  /** Handed to handlers. */
  readonly peer: Peer;
  readonly log: Logger;
}

/** What the server announced with Go Away. */
export interface GoAway {
  readonly comeBackAfterMs: number;
  readonly address: string | null;
}

/** How often a link that drains looks whether it is idle. */
const DRAIN_CHECK_MS = 20;

export class Link<Peer = unknown> implements ConnectionOwner {
  readonly session: AgentSession;
  readonly channel: Channel<Peer>;
  /** Calls of messaging. */
  readonly calls: Calls;
  readonly address: Address;
  /** Resolves when the link is over; never rejects. */
  readonly ended: Promise<LinkEnd>;
  /** Resolves when the server has admitted the agent, or the link is over; never rejects. */
  readonly opened: Promise<OpenedEvent | LinkEnd>;
  /** Known once the server has proved itself. */
  server: ServerIdentifiedEvent | undefined;
  judgement: Judgement | undefined;
  goAway: GoAway | undefined;
  /** Called when the link takes no new work: the server will leave, or the link is over. Before that work is told. */
  onUnusable: (() => void) | undefined;
  readonly #owner: LinkOwner<Peer>;
  readonly #connection: TcpConnection;
  readonly #opened = Promise.withResolvers<OpenedEvent | LinkEnd>();
  readonly #ended = Promise.withResolvers<LinkEnd>();
  #progress: LinkProgress = 'awaiting-server';
  #distrustedFor: SealaneError | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  /** @param socket connected, its bytes are handed to `receive`. */
  constructor(owner: LinkOwner<Peer>, session: AgentSession, socket: Socket) {
    this.#owner = owner;
    this.session = session;
    this.address = owner.address;
    this.opened = this.#opened.promise;
    this.ended = this.#ended.promise;
    this.channel = new Channel<Peer>({
      session,
      handlers: owner.handlers,
      peer: owner.peer,
      now: monotonicNow,
      wake: () => this.#connection.wake(),
      unsentBytes: () => this.#connection.unsentBytes,
      highWaterBytes: DEFAULT_CONNECTION_LIMITS.highWaterBytes,
      onHandlerError: (name, error) => owner.log.error('a handler failed', { name, error }),
    });
    this.calls = new Calls(session, { wake: () => this.#connection.wake(), onTransient: owner.onTransient });
    this.#connection = new TcpConnection(socket, session, { owner: this, readsItself: true });
  }

  /** Takes bytes from the socket. */
  receive(bytes: Uint8Array): void {
    this.#connection.receive(bytes);
  }

  /** Takes what is sent about events. @param server fingerprint of the server. */
  deliveryLink(server: string): DeliveryLink {
    return new SessionDelivery({
      session: this.session,
      server,
      unsentBytes: () => this.#connection.unsentBytes,
      highWaterBytes: DEFAULT_CONNECTION_LIMITS.highWaterBytes,
      wake: () => this.#connection.wake(),
    });
  }

  /** Ends in an orderly way. */
  close(): void {
    this.#connection.close();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ConnectionOwner

  onEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'server-identified':
        this.#onServerIdentified(event);
        break;
      case 'opened':
        this.#progress = 'open';
        this.#opened.resolve(event);
        break;
      case 'go-away':
        this.#onGoAway(event);
        break;
      case 'closed':
        this.#onClosed(event);
        break;
      case 'delivery':
        this.#owner.delivery.onPacket(event);
        break;
      case 'messaging':
        // Only servers' packets reach an agent.
        if (!this.calls.onPacket(event.packet as ServerMessagingPacket)) this.session.fail('E_STATE', monotonicNow());
        break;
      default:
        this.channel.dispatch(event);
    }
  }

  onDrain(): void {
    this.channel.onDrain();
    this.#owner.delivery.onDrain();
  }

  wantsPause(): boolean {
    return this.channel.wantsPause;
  }

  onFault(error: unknown): void {
    this.#owner.log.error('a fault of this program cut the connection', { error });
  }

  #onServerIdentified(event: ServerIdentifiedEvent): void {
    this.server = event;
    const { serverKey, successions } = event;
    try {
      this.judgement = this.#owner.trust.judge({ address: this.address, serverKey, successions });
    } catch (error) {
      this.#distrustedFor =
        error instanceof SealaneError
          ? error
          : new ConfigError('E_INTERNAL', 'The identity of the server could not be judged', { cause: error });
      this.session.distrust();
      return;
    }
    this.#progress = 'awaiting-admission';
    this.session.trust(monotonicNow());
  }

  /** New work waits for the next connection; this one ends when its work is done, or the server's patience. */
  #onGoAway(event: Extract<SessionEvent, { type: 'go-away' }>): void {
    this.goAway = { comeBackAfterMs: event.comeBackAfterMs, address: event.address };
    this.onUnusable?.();
    const deadline = monotonicNow() + event.drainMs;
    clearInterval(this.#drainTimer);
    this.#drainTimer = setInterval(() => {
      if (!this.#isIdle() && monotonicNow() < deadline) return;
      clearInterval(this.#drainTimer);
      this.close();
    }, DRAIN_CHECK_MS);
  }

  #isIdle(): boolean {
    const { outgoing, incoming } = this.session.requestsInFlight;
    const isQuiet = outgoing === 0 && incoming === 0 && this.session.streamsOpen === 0;
    return isQuiet && this.calls.inFlight === 0 && !this.#owner.delivery.isBusy;
  }

  #context(): LinkContext {
    const context = { progress: this.#progress, where: showAddress(this.address) };
    try {
      return { ...context, isKnown: this.#progress !== 'awaiting-server' || this.#owner.trust.knows(this.address) };
    } catch {
      // A file that cannot be read is told when a server has to be judged.
      return { ...context, isKnown: false };
    }
  }

  #onClosed(event: ClosedEvent): void {
    clearInterval(this.#drainTimer);
    this.onUnusable?.();
    this.channel.dispatch({ ...event, code: codeForWork(event) });
    this.calls.end(new ProtocolError(codeForWork(event) ?? 'E_CLOSED'));
    const end = this.#distrustedFor === undefined ? linkEnd(event, this.#context()) : linkFailure(this.#distrustedFor);
    this.#opened.resolve(end);
    this.#ended.resolve(end);
  }
}

/** What unfinished work is told: after a cut, whether the peer did it is unknown. */
function codeForWork(event: ClosedEvent): ClosedEvent['code'] {
  const unknown = event.reason === 'truncated' || (event.reason === 'failed' && event.code === 'E_IDLE');
  return unknown ? 'E_TRUNCATED' : event.code;
}

/** A link that was cut by its own side before it opened. */
export function cancelled(): LinkEnd {
  return linkFailure(new ProtocolError('E_CANCELLED', 'The attempt to connect was given up'));
}
