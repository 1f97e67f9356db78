/**
 * Session: one connection's protocol, without any I/O (docs/protocols/session.md).
 *
 * receive: bytes → Deframer → frame → RecordOpener → plaintext → PacketReader → packet → SessionEvent
 * send:    request, respond, sendStreamData … → Outbox → record → `takeOutput`
 *
 * Bytes and the time come in as arguments; events and bytes are taken out. Whoever owns a session calls `receive` with
 * what the connection brought, drains `nextEvent`, calls `flush` when the connection can take more and writes
 * `takeOutput`, and calls `timeout` at `wantsTimeoutAt`. No callback ever re-enters the session. Nothing that a peer
 * sends makes these functions throw; it ends the session with a `closed` event.
 *
 * This class holds what both roles share, from the first record on; `AgentSession` and `ServerSession` add their
 * halves of the handshake and of the key update.
 */
import { ProtocolError, assert, errorByNumber, type ErrorCode } from '../errors/index.ts';
import { Deframer, FRAME_HEADER_BYTES, HANDSHAKE_FRAME_BODY_BYTES_MAX } from '../frames/index.ts';
import {
  encodeClose,
  encodeFailure,
  encodeNotification,
  encodePing,
  encodePong,
  type Packet,
  type PacketReader,
} from '../packets/index.ts';
import { RECORD_FRAME_BODY_BYTES_MAX, RecordOpener, RecordSealer } from '../records/index.ts';
import type { StreamRole } from '../streams/index.ts';
import type { PeerLimits } from '../wire/index.ts';
import { EventQueue } from './event-queue.ts';
import type { ClosedEvent, SessionEvent } from './events.ts';
import { Liveness } from './liveness.ts';
import { Outbox } from './outbox.ts';
import type { SessionParts } from './session-parts.ts';
import { SessionRequests, type OutgoingRequest, type OutgoingResponse } from './session-requests.ts';
import type { SessionSettings } from './session-settings.ts';
import { SessionStreams } from './session-streams.ts';
import { wireNumber } from './wire-number.ts';

/** What a session waits for. */
export type SessionState =
  | 'AwaitEncryptionRequest'
  | 'AwaitEncryptionResponse'
  | 'AwaitTrust'
  | 'AwaitEncryptionFinish'
  | 'AwaitDecision'
  | 'AwaitAccepted'
  | 'Open'
  | 'AwaitClose'
  | 'Closed';

const EMPTY = new Uint8Array(0);

/** A key update costs a record in each direction: with less than this, updates would have no end. */
const KEY_UPDATE_AFTER_RECORDS_MIN = 2;

export abstract class Session {
  protected readonly settings: SessionSettings;
  protected readonly outbox: Outbox;
  protected readonly liveness: Liveness;
  protected sealer: RecordSealer | undefined;
  protected opener: RecordOpener | undefined;
  /** The deadline of what the state waits for, in ms; Infinity for none. */
  protected stateDeadlineAt: number;
  #state: SessionState;
  readonly #role: StreamRole;
  readonly #deframer = new Deframer(HANDSHAKE_FRAME_BODY_BYTES_MAX);
  readonly #events = new EventQueue();
  #peerLimits: PeerLimits | undefined;
  #streams: SessionStreams | undefined;
  #requests: SessionRequests | undefined;
  #pongToken: number | undefined;
  #closed: ClosedEvent | undefined;

  protected constructor(role: StreamRole, state: SessionState, settings: SessionSettings, now: number) {
    assert(settings.limits.keyUpdateAfterRecords >= KEY_UPDATE_AFTER_RECORDS_MIN, 'an update takes records itself');
    this.#role = role;
    this.#state = state;
    this.settings = settings;
    this.outbox = new Outbox(settings.environment.writers, settings.limits.flushBytes);
    this.liveness = new Liveness(settings.limits, now);
    this.stateDeadlineAt = now + settings.limits.handshakeTimeoutMs;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Round trip of the last answered ping in ms; undefined before the first. */
  get rttMs(): number | undefined {
    return this.liveness.rttMs;
  }

  /** Epoch in which this side seals. */
  get epoch(): number {
    return this.sealer?.epoch ?? 0;
  }

  /** Bytes that wait to be written. */
  get waitingBytes(): number {
    return this.outbox.waitingBytes;
  }

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

  /** The next event, or undefined when there is none. */
  nextEvent(): SessionEvent | undefined {
    return this.#events.take();
  }

  /** What to write to the connection now, in order; owned by the caller. */
  takeOutput(): Uint8Array[] {
    return this.outbox.takeOutput();
  }

  /** Takes bytes from the connection (borrowed for this call). */
  receive(bytes: Uint8Array, now: number): void {
    if (this.#state === 'Closed' || bytes.length === 0) return;
    try {
      this.#deframer.push(bytes);
      for (let frame = this.#deframer.next(); frame !== undefined; frame = this.#deframer.next()) {
        this.#onFrame(frame, now);
        if (this.isClosed()) return;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(error.code, now);
    }
  }

  /** The connection ended: by its peer, by an error, or because this side cut it. */
  transportEnded(): void {
    if (this.#state === 'AwaitClose')
      this.finish({ reason: 'closed', code: undefined, byPeer: false, retryAfterMs: 0 });
    else this.finish({ reason: 'truncated', code: undefined, byPeer: true, retryAfterMs: 0 });
  }

  /** When `timeout` wants to be called, in ms on the clock of `now`; Infinity for never. */
  get wantsTimeoutAt(): number {
    if (this.#state === 'Closed') return Number.POSITIVE_INFINITY;
    if (this.#state !== 'Open') return this.stateDeadlineAt;
    return Math.min(
      this.stateDeadlineAt,
      this.liveness.wantsTimeoutAt,
      this.#requests?.wantsTimeoutAt ?? Number.POSITIVE_INFINITY,
      this.keyUpdateDueAt(),
    );
  }

  /** Time has passed. Calling it too early does no harm. */
  timeout(now: number): void {
    if (this.#state === 'Closed') return;
    const { ownPauseMs } = this.settings.limits;
    if (now - this.wantsTimeoutAt > ownPauseMs) {
      this.liveness.forgivePause(now);
      if (this.#state === 'Open') this.stateDeadlineAt = Math.max(this.stateDeadlineAt, now + ownPauseMs);
    }
    if (now >= this.stateDeadlineAt) {
      this.onStateDeadline(now);
      return;
    }
    if (this.#state !== 'Open') return;
    this.#requests?.expire(now);
    if (this.liveness.isDead(now)) {
      this.fail('E_IDLE', now);
      return;
    }
    if (this.liveness.pingDue(now)) this.sendPing(now);
    this.beforeFlush(now);
  }

  /** Seals what waits, so that `takeOutput` has it. */
  flush(now: number): void {
    if (this.sealer === undefined || this.#state === 'Closed') return;
    if (this.#state === 'Open') {
      if (this.#pongToken !== undefined) encodePong(this.outbox.writer(), this.#pongToken);
      this.#pongToken = undefined;
      this.beforeFlush(now);
    }
    this.outbox.seal();
    if (this.outbox.failure !== undefined)
      this.finish({ reason: 'failed', code: this.outbox.failure.code, byPeer: false, retryAfterMs: 0 });
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

  /** Gives an own request up. Does nothing when it is over. */
  cancel(requestId: number): void {
    if (this.#state === 'Open') this.#openRequests().cancel(requestId);
  }

  /**
   * Answers a request of the peer. @returns false when nobody waits for it any more.
   *
   * @throws RangeError when a field is over its limit.
   */
  respond(response: OutgoingResponse): boolean {
    return this.#state === 'Open' && this.#openRequests().respond(response);
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

  /** Bytes that `sendStreamData` would take now. */
  streamSendableBytes(streamId: number): number {
    return this.#state === 'Open' ? this.#openStreams().sendableBytes(streamId) : 0;
  }

  /** Sends as much of `bytes` as there is credit for (copied). @returns how many bytes that was. */
  sendStreamData(streamId: number, bytes: Uint8Array): number {
    return this.#state === 'Open' ? this.#openStreams().send(streamId, bytes) : 0;
  }

  /** This side sends nothing more on the stream. */
  endStream(streamId: number): void {
    if (this.#state === 'Open') this.#openStreams().end(streamId);
  }

  /** Gives a stream up, both directions, and drops what was received and not consumed. */
  resetStream(streamId: number, code: ErrorCode, unconsumedBytes = 0): void {
    if (this.#state === 'Open') this.#openStreams().reset(streamId, code, unconsumedBytes);
  }

  /** The application took `size` bytes of a stream: gives the peer credit for more. */
  consumeStream(streamId: number, size: number): void {
    if (this.#state === 'Open') this.#openStreams().consume(streamId, size);
  }

  /** Ends the session in an orderly way: what was sent before is still delivered, nothing can be sent after. */
  close(now: number): void {
    if (this.#state !== 'Open') {
      this.finish({ reason: 'closed', code: undefined, byPeer: false, retryAfterMs: 0 });
      return;
    }
    this.#state = 'AwaitClose';
    encodeClose(this.outbox.writer(), 0);
    this.flush(now);
    this.stateDeadlineAt = now + this.settings.limits.closeTimeoutMs;
  }

  /** Ends the session because of `code`, telling the peer where that is possible. */
  fail(code: ErrorCode, _now: number, retryAfterMs = 0): void {
    if (this.#state === 'Closed') return;
    if (this.sealer !== undefined && this.#state !== 'AwaitClose') {
      encodeFailure(this.outbox.writer(), wireNumber(code), retryAfterMs);
      this.outbox.seal();
    }
    this.finish({ reason: 'failed', code, byPeer: false, retryAfterMs });
  }

  // What the roles add.

  /** A frame before the record keys are known. */
  protected abstract onHandshakeFrame(body: Uint8Array, now: number): void;
  /** A packet that only one role may receive, or that comes before the session is open. */
  protected abstract onRolePacket(packet: Packet, encoded: Uint8Array, now: number): void;
  /** When a key update is due by age; Infinity for never. */
  protected abstract keyUpdateDueAt(): number;
  /** The last chance to add packets to the record to be sealed. */
  protected abstract beforeFlush(now: number): void;

  /** The peer's first record of a new epoch came. */
  protected onEpochEntered(): void {
    // Only the server waits for it.
  }

  /** Name of a code from the wire; undefined for one that this version does not know. */
  protected errorName(code: number): ErrorCode | undefined {
    return errorByNumber(code);
  }

  /** The deadline of the state passed. */
  protected onStateDeadline(now: number): void {
    if (this.#state === 'AwaitClose') this.transportEnded();
    else this.fail(this.#state === 'Open' ? 'E_IDLE' : 'E_HANDSHAKE_TIMEOUT', now);
  }

  protected isClosed(): boolean {
    return this.#state === 'Closed';
  }

  protected enter(state: SessionState): void {
    this.#state = state;
  }

  protected emit(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** From now on frames are records, under these keys (owned). */
  protected useRecordKeys(keys: { readonly seal: Uint8Array; readonly open: Uint8Array }): void {
    const { crypto } = this.settings.environment;
    this.sealer = new RecordSealer(crypto, keys.seal);
    this.opener = new RecordOpener(crypto, keys.open);
    this.outbox.useSealer(this.sealer);
    // The agent knows who the server is, and Accepted may share its record with larger packets; the server still has
    // to decide about the agent, and gives it no more room until `open`.
    if (this.#role === 'agent') this.#deframer.bodyBytesMax = RECORD_FRAME_BODY_BYTES_MAX;
  }

  /** The session is open: both sides know each other and their limits. */
  protected open(peerLimits: PeerLimits, now: number): void {
    this.#peerLimits = peerLimits;
    this.#deframer.bodyBytesMax = RECORD_FRAME_BODY_BYTES_MAX;
    this.#state = 'Open';
    this.stateDeadlineAt = Number.POSITIVE_INFINITY;
    this.liveness.received(now);
  }

  protected sendPing(now: number): void {
    encodePing(this.outbox.writer(), this.liveness.ping(now));
    this.outbox.written();
  }

  /** Ends the session for good and wipes its keys. */
  protected finish(closed: Omit<ClosedEvent, 'type'>): void {
    if (this.#closed !== undefined) return;
    this.#closed = { type: 'closed', ...closed };
    this.#state = 'Closed';
    this.outbox.discard();
    this.sealer?.wipe();
    this.opener?.wipe();
    this.#streams = undefined;
    this.#requests = undefined;
    this.wipeSecrets();
    this.emit(this.#closed);
  }

  /** Wipes what only one role holds. */
  protected abstract wipeSecrets(): void;

  #onFrame(frame: Uint8Array, now: number): void {
    if (this.opener === undefined) {
      this.onHandshakeFrame(frame.subarray(FRAME_HEADER_BYTES), now);
      return;
    }
    if (this.#state === 'AwaitDecision') throw new ProtocolError('E_STATE', 'records before Accepted');
    const epoch = this.opener.epoch;
    const plaintext = this.opener.open(frame);
    this.liveness.received(now);
    if (this.opener.epoch !== epoch) {
      this.onEpochEntered();
      this.emit({ type: 'key-updated', epoch: this.opener.epoch });
    }
    const { reader } = this.settings.environment;
    reader.reset(plaintext);
    for (let packet = reader.next(); packet !== undefined; packet = reader.next()) {
      this.#onPacket(packet, reader, now);
      if (this.isClosed()) return;
    }
  }

  #onPacket(packet: Packet, reader: PacketReader, now: number): void {
    if (this.#state !== 'Open') {
      this.#onPacketOutsideOpen(packet, reader, now);
      return;
    }
    switch (packet.id) {
      case 0x20:
        this.#openRequests().onRequest(packet, now);
        break;
      case 0x21:
        this.#openRequests().onResponse(packet);
        break;
      case 0x22:
        this.#openRequests().onCancel(packet);
        break;
      case 0x23:
        this.emit({ type: 'notification', notification: packet });
        break;
      case 0x11:
        this.#openStreams().onData(packet);
        break;
      case 0x12:
        this.#openStreams().onCredit(packet);
        break;
      case 0x10:
        this.#openStreams().onOpen(packet);
        break;
      case 0x13:
        this.#openStreams().onEnd(packet.streamId);
        break;
      case 0x14:
        this.#openStreams().onReset(packet);
        break;
      case 0x09:
        this.#pongToken = packet.token;
        break;
      case 0x0a:
        this.liveness.pong(packet.token, now);
        break;
      case 0x0b:
        this.finish({
          reason: 'failed',
          code: errorByNumber(packet.code),
          byPeer: true,
          retryAfterMs: packet.retryAfterMs,
        });
        break;
      case 0x0d:
        encodeClose(this.outbox.writer(), 0);
        this.outbox.seal();
        this.finish({ reason: 'closed', code: undefined, byPeer: true, retryAfterMs: 0 });
        break;
      default:
        this.onRolePacket(packet, reader.raw(), now);
    }
  }

  /** Before Accepted only the roles know what fits; after our close only the peer's close matters. */
  #onPacketOutsideOpen(packet: Packet, reader: PacketReader, now: number): void {
    if (packet.id === 0x0b)
      this.finish({
        reason: 'failed',
        code: errorByNumber(packet.code),
        byPeer: true,
        retryAfterMs: packet.retryAfterMs,
      });
    else if (this.#state !== 'AwaitClose') this.onRolePacket(packet, reader.raw(), now);
    else if (packet.id === 0x0d) this.finish({ reason: 'closed', code: undefined, byPeer: false, retryAfterMs: 0 });
    else if (packet.id === 0x08) this.onRolePacket(packet, reader.raw(), now);
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
    assert(this.#peerLimits !== undefined, 'the session is open');
    const limits = { ours: this.settings.announced, theirs: this.#peerLimits };
    return { role: this.#role, outbox: this.outbox, events: this.#events, limits };
  }

  #assertOpen(): void {
    if (this.#state !== 'Open') throw new ProtocolError('E_CLOSED');
  }
}
