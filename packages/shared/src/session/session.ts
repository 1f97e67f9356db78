/**
 * Session, and how it is passed through:
 *
 * receive: bytes → Deframer → frame → RecordOpener → plaintext → PacketReader → packet → SessionEvent
 * send:    request, respond, sendStreamData … → Outbox → record → `takeOutput`
 *
 * What both roles offer while they are open is here. The life of a session is in session-core.ts; what each role sends
 * about events in agent-delivery-session.ts and server-delivery-session.ts; `AgentSession` and `ServerSession` add
 * their halves of the handshake and of the key update.
 */
import type { ByteWriter } from '../bytes/index.ts';
import { ProtocolError, assert, type ErrorCode } from '../errors/index.ts';
import type { MessagingCall, ServerMessagingPacket } from '../items/index.ts';
import { encodeNotification, encodePacket, type Packet } from '../packets/index.ts';
import type { AgentDeliveryPacket, ServerDeliveryPacket } from './events.ts';
import { SessionCore } from './session-core.ts';
import type { StreamRole } from '../streams/index.ts';
import type { SessionParts } from './session-parts.ts';
import { SessionRequests, type OutgoingRequest, type OutgoingResponse } from './session-requests.ts';
import { SessionStreams } from './session-streams.ts';

const EMPTY = new Uint8Array(0);

/**
 * One connection's protocol, without any I/O (docs/protocols/session.md).
 *
 * Bytes and the time in ms come in as arguments; events and bytes are taken out. Whoever owns a session calls `receive`
 * with what the connection brought, drains `nextEvent`, calls `flush` when the connection can take more and writes
 * `takeOutput`, and calls `timeout` at `wantsTimeoutAt`. No callback ever re-enters the session. Nothing that a peer
 * sends makes these functions throw; it ends the session with a `closed` event.
 */
export abstract class Session extends SessionCore {
  #streams: SessionStreams | undefined;
  #requests: SessionRequests | undefined;

  /** Stream bytes received and not consumed. */
  get unconsumedBytes(): number {
    return this.#streams?.unconsumedBytes ?? 0;
  }

  /** Own requests and the peer's that wait for their last response. */
  get requestsInFlight(): { readonly outgoing: number; readonly incoming: number } {
    return this.#requests?.inFlight ?? { outgoing: 0, incoming: 0 };
  }

  /** Streams open in at least one direction. */
  get streamsOpen(): number {
    return this.#streams?.openCount ?? 0;
  }

  /**
   * Sends a request. @returns its id, or undefined when as many are in flight as the peer allows.
   *
   * @throws RangeError when a field is over its limit.
   */
  request(request: OutgoingRequest, now: number): number | undefined {
    this.#assertOpen();
    return this.#openRequests().request(request, now);
  }

  /**
   * Tells the peer something and wants no answer.
   *
   * @throws RangeError when a field is over its limit, ProtocolError `E_CLOSED` when the session is not open.
   */
  notify(name: string, body: Uint8Array, contentType: string | null): void {
    this.#assertOpen();
    encodeNotification(this.outbox.writer(), name, body, contentType);
    this.outbox.written();
  }

  /**
   * Wants one event `queue-due` at a time in ms, Infinity for none: requests that wait for room have no id yet, but they
   * have a deadline.
   */
  watchQueue(at: number): void {
    if (this.state === 'Open') this.#openRequests().queueDueAt = at;
  }

  /** Gives an own request up. Does nothing when it is over. */
  cancel(requestId: number): void {
    if (this.state === 'Open') this.#openRequests().cancel(requestId);
  }

  /** Whether the peer still waits for the last response to a request of its own. */
  isRequestWaiting(requestId: number): boolean {
    return this.#requests?.isWaiting(requestId) ?? false;
  }

  /**
   * Answers a request of the peer. @returns false when nobody waits for it any more.
   *
   * @throws RangeError when a field is over its limit.
   */
  respond(response: OutgoingResponse): boolean {
    return this.state === 'Open' && this.#openRequests().respond(response);
  }

  /**
   * Opens a stream. @returns its id, or undefined when as many are open as the peer allows.
   *
   * @throws RangeError when name or metadata are over their limits.
   */
  openStream(name: string, metadata: Uint8Array = EMPTY): number | undefined {
    this.#assertOpen();
    return this.#openStreams().open(name, metadata);
  }

  /** Whether a stream is open: between its event and its handler the peer may have given it up. */
  isStreamOpen(streamId: number): boolean {
    return this.state === 'Open' && this.#openStreams().isOpen(streamId);
  }

  /** Bytes that `sendStreamData` would take now. */
  streamSendableBytes(streamId: number): number {
    return this.state === 'Open' ? this.#openStreams().sendableBytes(streamId) : 0;
  }

  /** Sends as much of `bytes` as there is credit for (copied). @returns how many bytes that was. */
  sendStreamData(streamId: number, bytes: Uint8Array): number {
    return this.state === 'Open' ? this.#openStreams().send(streamId, bytes) : 0;
  }

  /** This side sends nothing more on the stream. */
  endStream(streamId: number): void {
    if (this.state === 'Open') this.#openStreams().end(streamId);
  }

  /** Gives a stream up, both directions, and drops what was received and not consumed. */
  resetStream(streamId: number, code: ErrorCode, unconsumedBytes = 0): void {
    if (this.state === 'Open') this.#openStreams().reset(streamId, code, unconsumedBytes);
  }

  /** The application took `size` bytes of a stream: gives the peer credit for more. */
  consumeStream(streamId: number, size: number): void {
    if (this.state === 'Open') this.#openStreams().consume(streamId, size);
  }

  /**
   * Sends a packet of messaging: a call of an agent, or what a server says.
   *
   * @throws RangeError when a field is over its limit, ProtocolError `E_CLOSED` when the session is not open and
   *   `E_NO_MESSAGING` when its version has no messaging; the session stays as it was.
   */
  protected sendPacketOfMessaging(packet: MessagingCall | ServerMessagingPacket): void {
    this.#assertOpen();
    if (!this.hasMessaging) throw new ProtocolError('E_NO_MESSAGING');
    encodePacket(this.outbox.writer(), packet);
    this.outbox.written();
  }

  protected override onOpenPacket(packet: Packet, now: number): boolean {
    switch (packet.id) {
      case 0x20:
        this.#openRequests().onRequest(packet, now);
        return true;
      case 0x21:
        this.#openRequests().onResponse(packet);
        return true;
      case 0x22:
        this.#openRequests().onCancel(packet);
        return true;
      case 0x23:
        this.emit({ type: 'notification', notification: packet });
        return true;
      case 0x11:
        this.#openStreams().onData(packet);
        return true;
      case 0x12:
        this.#openStreams().onCredit(packet);
        return true;
      case 0x10:
        this.#openStreams().onOpen(packet);
        return true;
      case 0x13:
        this.#openStreams().onEnd(packet.streamId);
        return true;
      case 0x14:
        this.#openStreams().onReset(packet);
        return true;
      case 0x30:
      case 0x32:
      case 0x35:
      case 0x36:
      case 0x37:
      case 0x39:
      case 0x3b:
      case 0x3d:
        return this.#onDelivery(packet, 'server');
      case 0x31:
      case 0x33:
      case 0x34:
      case 0x38:
      case 0x3a:
      case 0x3c:
      case 0x3e:
        return this.#onDelivery(packet, 'agent');
      case 0x40:
      case 0x41:
      case 0x43:
      case 0x44:
      case 0x45:
      case 0x46:
      case 0x48:
      case 0x4a:
      case 0x4b:
      case 0x4d:
      case 0x4e:
      case 0x50:
      case 0x52:
      case 0x53:
      case 0x54:
      case 0x56:
      case 0x57:
      case 0x58:
      case 0x59:
        return this.#onMessaging(packet, 'server');
      case 0x42:
      case 0x47:
      case 0x49:
      case 0x4c:
      case 0x4f:
      case 0x51:
      case 0x55:
      case 0x5a:
      case 0x5b:
      case 0x5c:
        return this.#onMessaging(packet, 'agent');
      default:
        return false;
    }
  }

  protected override deadlinesDueAt(): number {
    return this.#requests?.wantsTimeoutAt ?? Number.POSITIVE_INFINITY;
  }

  protected override onDeadlines(now: number): void {
    this.#requests?.expire(now);
  }

  protected override forget(): void {
    this.#streams = undefined;
    this.#requests = undefined;
  }

  /**
   * Where packets about events are encoded.
   *
   * @throws ProtocolError `E_CLOSED` when the session is not open, `E_NO_EVENTS` when its version has no events.
   */
  protected eventWriter(): ByteWriter {
    this.#assertOpen();
    if (!this.hasEvents) throw new ProtocolError('E_NO_EVENTS');
    return this.outbox.writer();
  }

  /** §1: only `receiver` takes it. @returns whether this side is that one. */
  #onDelivery(packet: AgentDeliveryPacket | ServerDeliveryPacket, receiver: StreamRole): boolean {
    if (this.role !== receiver) return false;
    if (packet.id === 0x38 && packet.to < packet.from) throw new ProtocolError('E_MALFORMED');
    this.emit({ type: 'delivery', packet });
    return true;
  }

  /** docs/protocols/messaging.md §1: only `receiver` takes it. @returns whether this side is that one. */
  #onMessaging(packet: MessagingCall | ServerMessagingPacket, receiver: StreamRole): boolean {
    if (this.role !== receiver) return false;
    this.emit({ type: 'messaging', packet });
    return true;
  }

  #openStreams(): SessionStreams {
    this.#streams ??= new SessionStreams(this.#parts());
    return this.#streams;
  }

  #openRequests(): SessionRequests {
    this.#requests ??= new SessionRequests(this.#parts());
    return this.#requests;
  }

  #parts(): SessionParts {
    assert(this.peerLimits !== undefined, 'the session is open');
    const limits = { ours: this.settings.announced, theirs: this.peerLimits };
    return { role: this.role, outbox: this.outbox, events: this.events, limits };
  }

  #assertOpen(): void {
    if (this.state !== 'Open') throw new ProtocolError('E_CLOSED');
  }
}
