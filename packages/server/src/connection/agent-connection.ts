/**
 * AgentConnection: one socket of the server with its session, from the first byte to the last. It passes on; what is
 * decided is decided by its host. An idle one holds no channel, no map and no closure of its own.
 */
import type { Socket } from 'node:net';
import {
  TcpConnection,
  freeBytes,
  monotonicNow,
  type ConnectionLimits,
  type ConnectionOwner,
} from '@sealane/node/transport';
import { Channel, type ChannelHandlers, type ChannelOwner } from '@sealane/shared/channel';
import { assert } from '@sealane/shared/errors';
import type { MessagingCall } from '@sealane/shared/items';
import {
  ServerSession,
  type AgentIdentifiedEvent,
  type ClosedEvent,
  type ServerSessionSettings,
  type SessionEvent,
} from '@sealane/shared/session';
import type { AgentPeer } from '../handlers/index.ts';
import { InboundShare, type InboundBudget, type InboundHolder } from '../limits/index.ts';
import type { AgentAttachment, DeliverySink } from '../delivery/index.ts';
import { NoMessaging, type MessagingAttachment, type MessagingSink } from '../messaging/index.ts';
import { strangerOf, type Stranger } from './first-bytes.ts';

/** Who runs connections. */
export interface ConnectionHost {
  readonly handlers: ChannelHandlers<AgentPeer>;
  readonly connectionLimits: ConnectionLimits;
  /** Where the bytes of all connections that are not done with are counted. */
  readonly inbound: InboundBudget;
  /** The agent has proved its key: call `accept` or `refuse` of its session, now or later. */
  onIdentified(connection: AgentConnection, event: AgentIdentifiedEvent): void;
  onOpened(connection: AgentConnection): void;
  /** The session is over; the socket may still be there for a moment. */
  onClosed(connection: AgentConnection, event: ClosedEvent): void;
  /** The socket is gone. */
  onSocketClosed(connection: AgentConnection): void;
  /** The first bytes belong to another protocol; the socket is being cut. */
  onStranger(connection: AgentConnection, stranger: Stranger): void;
  /** This program failed while it worked for the agent. */
  onFault(connection: AgentConnection, error: unknown, handler: string | undefined): void;
}

export class AgentConnection
  implements ConnectionOwner, ChannelOwner<AgentPeer>, DeliverySink, MessagingSink, InboundHolder
{
  readonly session: ServerSession;
  readonly address: string;
  readonly addressKey: string;
  readonly isLoopback: boolean;
  readonly port: number;
  readonly openedAt = monotonicNow();
  /** Requests that came. */
  requests = 0;
  /** Whether the agent counts as authenticated for the limits of its address. */
  isAuthenticated = false;
  /** Set when the agent was admitted. */
  admitted: AgentPeer | undefined;
  /** Set once the session was open. */
  delivery: AgentAttachment | undefined;
  /** Set once the session was open, where the server has messaging. */
  messaging: MessagingAttachment | undefined;
  /** Set when the first bytes belonged to another protocol. */
  isStranger = false;
  /** Set once the session was open. */
  wasOpen = false;
  readonly #host: ConnectionHost;
  readonly #tcp: TcpConnection;
  #channel: Channel<AgentPeer> | undefined;
  #inbound: InboundShare | undefined;
  /** Bytes of streams that nobody has read, as they are counted. */
  #streamBytes = 0;
  #sawBytes = false;

  constructor(
    host: ConnectionHost,
    socket: Socket,
    options: {
      readonly settings: ServerSessionSettings;
      readonly address: string;
      readonly addressKey: string;
      readonly isLoopback: boolean;
    },
  ) {
    this.#host = host;
    this.address = options.address;
    this.addressKey = options.addressKey;
    this.isLoopback = options.isLoopback;
    this.port = socket.remotePort ?? 0;
    this.session = new ServerSession(options.settings, this.openedAt);
    const limits = host.connectionLimits;
    this.#tcp = new TcpConnection(socket, this.session, { owner: this, limits, readsItself: true });
    socket.on('data', (chunk: Buffer) => {
      this.#receive(chunk);
      freeBytes(chunk);
    });
    socket.on('close', () => {
      host.onSocketClosed(this);
    });
  }

  // What its host uses.

  /** Requests and streams with this agent; made when it is first needed. */
  get channel(): Channel<AgentPeer> {
    this.#channel ??= new Channel<AgentPeer>(this);
    return this.#channel;
  }

  get bytesIn(): number {
    return this.#tcp.socket.bytesRead;
  }

  get bytesOut(): number {
    return this.#tcp.socket.bytesWritten;
  }

  /** Whether nothing is at work: no request in either direction, no stream, no event. */
  get isIdle(): boolean {
    const { outgoing, incoming } = this.session.requestsInFlight;
    const isQuiet = outgoing + incoming + this.session.streamsOpen === 0;
    return isQuiet && (this.delivery?.isIdle ?? true) && (this.messaging?.isIdle ?? true);
  }

  /** Whether the session is over; its socket may still be there. */
  get isOver(): boolean {
    return this.session.state === 'Closed';
  }

  /** Ends the session in an orderly way. */
  close(): void {
    this.#tcp.close();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#tcp.destroy();
  }

  // What its channel uses.

  get handlers(): ChannelHandlers<AgentPeer> {
    return this.#host.handlers;
  }

  get peer(): AgentPeer {
    assert(this.admitted !== undefined, 'an open session has a peer');
    return this.admitted;
  }

  /** What it holds beside its events; made when it is first needed. */
  get inbound(): InboundShare {
    this.#inbound ??= new InboundShare(this.#host.inbound, this);
    return this.#inbound;
  }

  get highWaterBytes(): number {
    return this.#host.connectionLimits.highWaterBytes;
  }

  now(): number {
    return monotonicNow();
  }

  wake(): void {
    this.#tcp.wake();
  }

  unsentBytes(): number {
    return this.#tcp.unsentBytes;
  }

  onHandlerError(name: string, error: unknown): void {
    this.#host.onFault(this, error, name);
  }

  // What its TcpConnection uses.

  onEvent(event: SessionEvent): void {
    switch (event.type) {
      case 'request':
        this.requests += 1;
        this.channel.dispatch(event);
        break;
      case 'delivery':
        this.delivery?.onPacket(event.packet);
        break;
      case 'messaging':
        this.messaging ??= new NoMessaging(this);
        // Only agents' packets reach a server.
        this.messaging.onPacket(event.packet as MessagingCall);
        break;
      case 'agent-identified':
        this.#host.onIdentified(this, event);
        break;
      case 'opened':
        this.wasOpen = true;
        this.#host.onOpened(this);
        break;
      case 'closed':
        this.#channel?.dispatch(event);
        this.#host.onClosed(this, event);
        this.messaging?.detach();
        this.delivery?.detach();
        this.#countInbound(0, 0);
        this.#inbound?.resume();
        break;
      case 'key-updated':
        break;
      default:
        this.channel.dispatch(event);
    }
  }

  onDrain(): void {
    this.#channel?.onDrain();
    this.delivery?.onDrain();
    this.messaging?.onDrain();
  }

  wantsPause(): boolean {
    if (this.isOver) return false;
    const { unconsumedBytes, pendingBytes } = this.session;
    this.#countInbound(unconsumedBytes, pendingBytes);
    return this.#isHeavy() || [this.#channel, this.delivery, this.messaging].some((part) => part?.wantsPause ?? false);
  }

  onFault(error: unknown): void {
    this.#host.onFault(this, error, undefined);
  }

  // What the budget of all connections tells.

  onInboundRoom(): void {
    this.#tcp.wake();
  }

  onInboundCut(): void {
    this.session.fail('E_BUSY', monotonicNow());
    this.#tcp.wake();
  }

  #countInbound(streamBytes: number, frameBytes: number): void {
    if (this.#inbound === undefined && streamBytes + frameBytes === 0) return;
    this.inbound.add(streamBytes - this.#streamBytes);
    this.#streamBytes = streamBytes;
    this.inbound.noteFrame(frameBytes);
  }

  /** What cannot be refused any more is not read: bytes of streams and notifications. */
  #isHeavy(): boolean {
    const share = this.#inbound;
    if (share === undefined) return false;
    const isHeavy = share.isHeavy && this.#streamBytes + (this.#channel?.notificationBytes ?? 0) > 0;
    if (isHeavy) share.pause();
    else share.resume();
    return isHeavy;
  }

  #receive(chunk: Uint8Array): void {
    if (!this.#sawBytes) {
      this.#sawBytes = true;
      const stranger = strangerOf(chunk);
      if (stranger !== undefined) {
        this.isStranger = true;
        this.#host.onStranger(this, stranger);
        this.destroy();
        return;
      }
    }
    this.#tcp.receive(chunk);
  }
}
