/**
 * SessionCore: the life of a session without what travels in it: bytes and time in, events and bytes out, the states from
 * the first frame to the end, liveness (docs/protocols/session.md). What may be sent once it is open stands in
 * session.ts; the two halves of the handshake and of the key update in agent-session.ts and server-session.ts.
 */
import { ProtocolError, assert, errorByNumber, type ErrorCode } from '../errors/index.ts';
import { Deframer, FRAME_HEADER_BYTES, HANDSHAKE_FRAME_BODY_BYTES_MAX } from '../frames/index.ts';
import {
  encodeClose,
  encodeFailure,
  encodePing,
  encodePong,
  type Packet,
  type PacketReader,
} from '../packets/index.ts';
import { RECORD_FRAME_BODY_BYTES_MAX, RecordOpener, RecordSealer } from '../records/index.ts';
import type { StreamRole } from '../streams/index.ts';
import { EVENTS_VERSION_MIN, MESSAGING_VERSION_MIN, type PeerLimits } from '../wire/index.ts';
import { EventQueue } from './event-queue.ts';
import type { ClosedEvent, SessionEvent } from './events.ts';
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

/** A key update costs a record in each direction: with less than this, updates would have no end. */
const KEY_UPDATE_AFTER_RECORDS_MIN = 2;

export abstract class SessionCore {
  protected readonly settings: SessionSettings;
  protected readonly outbox: Outbox;
  protected readonly liveness: Liveness;
  protected sealer: RecordSealer | undefined;
  protected opener: RecordOpener | undefined;
  /** The deadline of what the state waits for, in ms; Infinity for none. */
  protected stateDeadlineAt: number;
  #state: SessionState;
  protected readonly role: StreamRole;
  readonly #deframer = new Deframer(HANDSHAKE_FRAME_BODY_BYTES_MAX);
  protected readonly events = new EventQueue();
  /** What the peer announced; known when the session is open. */
  protected peerLimits: PeerLimits | undefined;
  #version = 0;
  #pongToken: number | undefined;
  /** A ping was answered: nothing else may come for a while, and there may be thousands of such connections. */
  #rests = false;
  #closed: ClosedEvent | undefined;

  protected constructor(role: StreamRole, state: SessionState, settings: SessionSettings, now: number) {
    assert(settings.limits.keyUpdateAfterRecords >= KEY_UPDATE_AFTER_RECORDS_MIN, 'an update takes records itself');
    this.role = role;
    this.#state = state;
    this.settings = settings;
    this.outbox = new Outbox(settings.environment.writers, settings.limits.flushBytes);
    this.liveness = new Liveness(settings.limits, now);
    this.stateDeadlineAt = now + settings.limits.handshakeTimeoutMs;
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Wire version agreed on; 0 before the handshake got so far. */
  get version(): number {
    return this.#version;
  }

  /** Whether events may travel (docs/protocols/delivery.md §1). */
  get hasEvents(): boolean {
    return this.#version >= EVENTS_VERSION_MIN;
  }

  /** Whether messaging may travel (docs/protocols/messaging.md §1). */
  get hasMessaging(): boolean {
    return this.#version >= MESSAGING_VERSION_MIN;
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

  /** Bytes that `takeOutput` would give now. */
  get sealedBytes(): number {
    return this.outbox.sealedBytes;
  }

  /** The next event, or undefined when there is none. */
  nextEvent(): SessionEvent | undefined {
    return this.events.take();
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

  /** Bytes that came of a frame that is not whole. */
  get pendingBytes(): number {
    return this.#deframer.pendingBytes;
  }

  /** Gives back memory that nothing is in: `receive` will not be called for a while. */
  releaseMemory(): void {
    this.#deframer.release();
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
    return Math.min(this.stateDeadlineAt, this.liveness.wantsTimeoutAt, this.deadlinesDueAt(), this.keyUpdateDueAt());
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
    this.onDeadlines(now);
    if (this.liveness.isDead(now)) {
      this.fail('E_IDLE', now);
      return;
    }
    if (this.liveness.pingDue(now)) {
      this.#deframer.release();
      this.sendPing(now);
    }
    this.beforeFlush(now);
  }

  /** Seals what waits, so that `takeOutput` has it. */
  flush(now: number): void {
    if (this.sealer === undefined || this.#state === 'Closed') return;
    if (this.#state === 'Open') {
      if (this.#pongToken !== undefined) {
        encodePong(this.outbox.writer(), this.#pongToken);
        this.#rests = true;
      }
      this.#pongToken = undefined;
      this.beforeFlush(now);
    }
    this.outbox.seal();
    if (this.#rests) this.#rest();
    if (this.outbox.failure !== undefined)
      this.finish({ reason: 'failed', code: this.outbox.failure.code, byPeer: false, retryAfterMs: 0 });
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

  // What an open session adds.

  /** A packet of requests, notifications, streams or events. @returns false when it is none. */
  protected abstract onOpenPacket(packet: Packet, now: number): boolean;
  /** When the next deadline of a request passes, in ms; Infinity for never. */
  protected abstract deadlinesDueAt(): number;
  /** Deadlines may have passed. */
  protected abstract onDeadlines(now: number): void;
  /** The session is over: drops what it knows of requests and streams. */
  protected abstract forget(): void;

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
    this.events.push(event);
  }

  /** Both sides speak this version from now on. */
  protected useVersion(version: number): void {
    this.#version = version;
  }

  /** From now on frames are records, under these keys (owned). */
  protected useRecordKeys(keys: { readonly seal: Uint8Array; readonly open: Uint8Array }): void {
    const { crypto } = this.settings.environment;
    this.sealer = new RecordSealer(crypto, keys.seal);
    this.opener = new RecordOpener(crypto, keys.open);
    this.outbox.useSealer(this.sealer);
    // The agent knows who the server is, and Accepted may share its record with larger packets; the server still has
    // to decide about the agent, and gives it no more room until `open`.
    if (this.role === 'agent') this.#deframer.bodyBytesMax = RECORD_FRAME_BODY_BYTES_MAX;
  }

  /** The session is open: both sides know each other and their limits. */
  protected open(peerLimits: PeerLimits, now: number): void {
    this.peerLimits = peerLimits;
    this.#deframer.bodyBytesMax = RECORD_FRAME_BODY_BYTES_MAX;
    this.#deframer.release();
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
    this.forget();
    this.wipeSecrets();
    this.emit(this.#closed);
  }

  /** Wipes what only one role holds. */
  protected abstract wipeSecrets(): void;

  #rest(): void {
    this.#rests = false;
    this.sealer?.rest();
    this.opener?.rest();
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
    reader.reset(plaintext, this.#version);
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
    if (this.onOpenPacket(packet, now)) return;
    switch (packet.id) {
      case 0x09:
        this.#pongToken = packet.token;
        break;
      case 0x0a:
        this.liveness.pong(packet.token, now);
        this.#rests = true;
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
}
