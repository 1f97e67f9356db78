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
  STREAM_DATA_BYTES_MAX,
  encodeCancel,
  encodeClose,
  encodeFailure,
  encodeNotification,
  encodePing,
  encodePong,
  encodeRequest,
  encodeResponse,
  encodeStreamClose,
  encodeStreamCredit,
  encodeStreamData,
  encodeStreamOpen,
  encodeStreamReset,
  type Packet,
  type PacketReader,
  type Request,
} from '../packets/index.ts';
import { RECORD_FRAME_BODY_BYTES_MAX, RecordOpener, RecordSealer } from '../records/index.ts';
import { RequestTable } from '../requests/index.ts';
import { StreamTable, type StreamRole } from '../streams/index.ts';
import type { PeerLimits } from '../wire/index.ts';
import type { CloseReason, ClosedEvent, SessionEvent } from './events.ts';
import { Liveness } from './liveness.ts';
import { Outbox } from './outbox.ts';
import type { SessionSettings } from './session-settings.ts';
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

/** A request to be sent. */
export interface OutgoingRequest {
  readonly name: string;
  readonly body: Uint8Array;
  readonly contentType: string | null;
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
  #events: SessionEvent[] = [];
  #nextEvent = 0;
  #peerLimits: PeerLimits | undefined;
  #streams: StreamTable | undefined;
  #requests: RequestTable | undefined;
  #pongToken: number | undefined;
  #closed: ClosedEvent | undefined;

  protected constructor(role: StreamRole, state: SessionState, settings: SessionSettings, now: number) {
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
    return { outgoing: this.#requests?.outgoingCount ?? 0, incoming: this.#requests?.incomingCount ?? 0 };
  }

  /** Streams open in at least one direction. */
  get streamsOpen(): number {
    return this.#streams?.openCount ?? 0;
  }

  /** The next event, or undefined when there is none. */
  nextEvent(): SessionEvent | undefined {
    if (this.#nextEvent >= this.#events.length) return undefined;
    const event = this.#events[this.#nextEvent++];
    if (this.#nextEvent === this.#events.length) {
      this.#events = [];
      this.#nextEvent = 0;
    }
    return event;
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
    this.#expireRequests(now);
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
    if (this.outbox.failure !== undefined) this.#end('failed', this.outbox.failure.code, false, 0);
  }

  /**
   * Sends a request. @returns its id, or undefined when as many are in flight as the peer allows.
   *
   * @throws RangeError when a field is over its limit.
   */
  request(request: OutgoingRequest, now: number): number | undefined {
    this.#assertOpen();
    const requestId = this.#requestTable().start(deadline(request.timeoutMs, now));
    if (requestId === undefined) return undefined;
    try {
      const { name, body, contentType, timeoutMs, to, from } = request;
      encodeRequest(this.outbox.writer(), requestId, name, body, contentType, timeoutMs, to, from);
    } catch (error) {
      this.#requestTable().cancel(requestId);
      throw error;
    }
    this.outbox.written();
    return requestId;
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
    if (this.#state !== 'Open' || !this.#requestTable().cancel(requestId)) return;
    encodeCancel(this.outbox.writer(), requestId);
    this.outbox.written();
  }

  /**
   * Answers a request of the peer. @returns false when nobody waits for it any more.
   *
   * @throws RangeError when a field is over its limit.
   */
  respond(response: OutgoingResponse): boolean {
    if (this.#state !== 'Open' || !this.#requestTable().isWaiting(response.requestId)) return false;
    const { requestId, status, last, body, contentType, code } = response;
    const number = code === undefined ? 0 : wireNumber(code);
    encodeResponse(this.outbox.writer(), requestId, status, last, body, contentType, number);
    if (last) this.#requestTable().finish(requestId);
    this.outbox.written();
    return true;
  }

  /**
   * Opens a stream. @returns its id, or undefined when as many are open as the peer allows.
   *
   * @throws RangeError when name or metadata are over their limits.
   */
  openStream(name: string, metadata: Uint8Array = EMPTY): number | undefined {
    this.#assertOpen();
    const streamId = this.#streamTable().open();
    if (streamId === undefined) return undefined;
    try {
      encodeStreamOpen(this.outbox.writer(), streamId, name, metadata);
    } catch (error) {
      this.#streamTable().reset(streamId);
      throw error;
    }
    this.outbox.written();
    return streamId;
  }

  /** Bytes that `sendStreamData` would take now. */
  streamSendableBytes(streamId: number): number {
    return this.#state === 'Open' ? this.#streamTable().sendableBytes(streamId) : 0;
  }

  /** Sends as much of `bytes` as there is credit for (copied). @returns how many bytes that was. */
  sendStreamData(streamId: number, bytes: Uint8Array): number {
    const size = Math.min(bytes.length, this.streamSendableBytes(streamId));
    for (let offset = 0; offset < size; offset += STREAM_DATA_BYTES_MAX) {
      const piece = bytes.subarray(offset, Math.min(offset + STREAM_DATA_BYTES_MAX, size));
      this.#streamTable().onSend(streamId, piece.length);
      encodeStreamData(this.outbox.writer(), streamId, piece);
      this.outbox.written();
    }
    return size;
  }

  /** This side sends nothing more on the stream. */
  endStream(streamId: number): void {
    if (this.#state !== 'Open' || !this.#streamTable().isOpenForSending(streamId)) return;
    this.#streamTable().end(streamId);
    encodeStreamClose(this.outbox.writer(), streamId);
    this.outbox.written();
  }

  /** Gives a stream up, both directions, and drops what was received and not consumed. */
  resetStream(streamId: number, code: ErrorCode, unconsumedBytes = 0): void {
    if (this.#state !== 'Open') return;
    if (this.#streamTable().reset(streamId)) {
      encodeStreamReset(this.outbox.writer(), streamId, wireNumber(code));
      this.outbox.written();
    }
    this.#giveConnectionCredit(unconsumedBytes);
  }

  /** The application took `size` bytes of a stream: gives the peer credit for more. */
  consumeStream(streamId: number, size: number): void {
    if (this.#state !== 'Open') return;
    const credit = this.#streamTable().consume(streamId, size);
    if (credit > 0) this.#sendCredit(streamId, credit);
    this.#giveConnectionCredit(size);
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
    this.#end('failed', code, false, retryAfterMs);
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

  #end(reason: CloseReason, code: ErrorCode | undefined, byPeer: boolean, retryAfterMs: number): void {
    this.finish({ reason, code, byPeer, retryAfterMs });
  }

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
        this.#onRequest(packet, now);
        break;
      case 0x21:
        if (this.#requestTable().onResponse(packet.requestId, packet.last)) {
          this.emit({ type: 'response', response: packet });
        }
        break;
      case 0x23:
        this.emit({ type: 'notification', notification: packet });
        break;
      case 0x22:
        if (this.#requestTable().onCancel(packet.requestId)) {
          this.emit({ type: 'request-ended', requestId: packet.requestId, code: 'E_CANCELLED' });
        }
        break;
      case 0x11:
        if (this.#streamTable().onData(packet.streamId, packet.bytes.length)) {
          this.emit({ type: 'stream-data', streamId: packet.streamId, bytes: packet.bytes });
        } else this.#giveConnectionCredit(packet.bytes.length);
        break;
      case 0x10:
        this.#onStreamOpen(packet.streamId, packet.name, packet.metadata);
        break;
      case 0x12:
        if (this.#streamTable().onCredit(packet.streamId, packet.bytes)) {
          this.emit({ type: 'stream-credit', streamId: packet.streamId });
        }
        break;
      case 0x13:
        if (this.#streamTable().onEnd(packet.streamId)) this.emit({ type: 'stream-ended', streamId: packet.streamId });
        break;
      case 0x14:
        if (this.#streamTable().reset(packet.streamId)) {
          this.emit({ type: 'stream-reset', streamId: packet.streamId, code: errorByNumber(packet.code) });
        }
        break;
      case 0x09:
        this.#pongToken = packet.token;
        break;
      case 0x0a:
        this.liveness.pong(packet.token, now);
        break;
      case 0x0b:
        this.#end('failed', errorByNumber(packet.code), true, packet.retryAfterMs);
        break;
      case 0x0d:
        encodeClose(this.outbox.writer(), 0);
        this.outbox.seal();
        this.#end('closed', undefined, true, 0);
        break;
      default:
        this.onRolePacket(packet, reader.raw(), now);
    }
  }

  /** Before Accepted only the roles know what fits; after our close only the peer's close matters. */
  #onPacketOutsideOpen(packet: Packet, reader: PacketReader, now: number): void {
    if (packet.id === 0x0b) this.#end('failed', errorByNumber(packet.code), true, packet.retryAfterMs);
    else if (this.#state !== 'AwaitClose') this.onRolePacket(packet, reader.raw(), now);
    else if (packet.id === 0x0d) this.#end('closed', undefined, false, 0);
    else if (packet.id === 0x08) this.onRolePacket(packet, reader.raw(), now);
  }

  #onRequest(request: Request, now: number): void {
    if (this.#role === 'server' && request.from !== null)
      throw new ProtocolError('E_STATE', 'only a server may set "from"');
    const verdict = this.#requestTable().onRequest(request.requestId, deadline(request.timeoutMs, now));
    if (verdict === 'accepted') {
      this.emit({ type: 'request', request });
      return;
    }
    const code = wireNumber('E_BUSY');
    encodeResponse(this.outbox.writer(), request.requestId, RESPONSE_STATUS.error, true, EMPTY, null, code);
    this.outbox.written();
  }

  #onStreamOpen(streamId: number, name: string, metadata: Uint8Array): void {
    const verdict = this.#streamTable().onOpen(streamId);
    if (verdict === 'opened') {
      this.emit({ type: 'stream-opened', streamId, name, metadata });
      return;
    }
    if (verdict === 'duplicate' && this.#streamTable().reset(streamId)) {
      this.emit({ type: 'stream-reset', streamId, code: 'E_STATE' });
    }
    encodeStreamReset(
      this.outbox.writer(),
      streamId,
      wireNumber(verdict === 'duplicate' ? 'E_STATE' : 'E_STREAM_LIMIT'),
    );
    this.outbox.written();
  }

  #expireRequests(now: number): void {
    if (this.#requests === undefined || now < this.#requests.wantsTimeoutAt) return;
    const expired = this.#requests.expire(now);
    for (const requestId of expired.outgoing) this.emit({ type: 'response-timeout', requestId });
    for (const requestId of expired.incoming) this.emit({ type: 'request-ended', requestId, code: 'E_TIMEOUT' });
  }

  #giveConnectionCredit(size: number): void {
    if (size === 0) return;
    const credit = this.#streamTable().consumeConnection(size);
    if (credit > 0) this.#sendCredit(0, credit);
  }

  #sendCredit(streamId: number, bytes: number): void {
    encodeStreamCredit(this.outbox.writer(), streamId, bytes);
    this.outbox.written();
  }

  #streamTable(): StreamTable {
    assert(this.#peerLimits !== undefined, 'the session is open');
    this.#streams ??= new StreamTable(this.#role, { ours: this.settings.announced, theirs: this.#peerLimits });
    return this.#streams;
  }

  #requestTable(): RequestTable {
    assert(this.#peerLimits !== undefined, 'the session is open');
    this.#requests ??= new RequestTable({ ours: this.settings.announced, theirs: this.#peerLimits });
    return this.#requests;
  }

  #assertOpen(): void {
    if (this.#state !== 'Open') throw new ProtocolError('E_CLOSED');
  }
}

/** When a request given `timeoutMs` is over; 0 stands for no deadline. */
function deadline(timeoutMs: number, now: number): number {
  return timeoutMs === 0 ? Number.POSITIVE_INFINITY : now + timeoutMs;
}
