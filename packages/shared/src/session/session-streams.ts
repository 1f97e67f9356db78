/**
 * The streams of an open session: packets in, events out, and the other way round (docs/protocols/streams.md). What is
 * allowed is the stream table's business.
 */
import { errorByNumber, type ErrorCode } from '../errors/index.ts';
import {
  STREAM_DATA_BYTES_MAX,
  encodeStreamClose,
  encodeStreamCredit,
  encodeStreamData,
  encodeStreamOpen,
  encodeStreamReset,
  type StreamCredit,
  type StreamData,
  type StreamOpen,
  type StreamReset,
} from '../packets/index.ts';
import { StreamTable } from '../streams/index.ts';
import type { SessionParts } from './session-parts.ts';
import { wireNumber } from './wire-number.ts';

export class SessionStreams {
  readonly #parts: SessionParts;
  readonly #table: StreamTable;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#table = new StreamTable(parts.role, parts.limits);
  }

  /** Streams open in at least one direction. */
  get openCount(): number {
    return this.#table.openCount;
  }

  /** Bytes received and not consumed. */
  get unconsumedBytes(): number {
    return this.#table.unconsumedBytes;
  }

  /** See `Session.openStream`. */
  open(name: string, metadata: Uint8Array): number | undefined {
    const streamId = this.#table.open();
    if (streamId === undefined) return undefined;
    try {
      encodeStreamOpen(this.#parts.outbox.writer(), streamId, name, metadata);
    } catch (error) {
      this.#table.reset(streamId);
      throw error;
    }
    this.#parts.outbox.written();
    return streamId;
  }

  /** Whether the stream is open in at least one direction. */
  isOpen(streamId: number): boolean {
    return this.#table.isOpen(streamId);
  }

  /** Bytes that `send` would take now. */
  sendableBytes(streamId: number): number {
    return this.#table.sendableBytes(streamId);
  }

  /** See `Session.sendStreamData`. */
  send(streamId: number, bytes: Uint8Array): number {
    const { outbox } = this.#parts;
    const size = Math.min(bytes.length, this.#table.sendableBytes(streamId));
    for (let offset = 0; offset < size; offset += STREAM_DATA_BYTES_MAX) {
      const piece = bytes.subarray(offset, Math.min(offset + STREAM_DATA_BYTES_MAX, size));
      this.#table.onSend(streamId, piece.length);
      encodeStreamData(outbox.writer(), streamId, piece);
      outbox.written();
    }
    return size;
  }

  /** See `Session.endStream`. */
  end(streamId: number): void {
    if (!this.#table.isOpenForSending(streamId)) return;
    this.#table.end(streamId);
    encodeStreamClose(this.#parts.outbox.writer(), streamId);
    this.#parts.outbox.written();
  }

  /** See `Session.resetStream`. */
  reset(streamId: number, code: ErrorCode, unconsumedBytes: number): void {
    if (this.#table.reset(streamId)) this.#sendReset(streamId, code);
    this.#giveConnectionCredit(unconsumedBytes);
  }

  /** See `Session.consumeStream`. */
  consume(streamId: number, size: number): void {
    const credit = this.#table.consume(streamId, size);
    if (credit > 0) this.#sendCredit(streamId, credit);
    this.#giveConnectionCredit(size);
  }

  /** 0x10 came (§1). @throws ProtocolError `E_STATE`. */
  onOpen({ streamId, name, metadata }: StreamOpen): void {
    const verdict = this.#table.onOpen(streamId);
    if (verdict === 'opened') {
      this.#parts.events.push({ type: 'stream-opened', streamId, name, metadata });
      return;
    }
    if (verdict === 'duplicate' && this.#table.reset(streamId)) {
      this.#parts.events.push({ type: 'stream-reset', streamId, code: 'E_STATE' });
    }
    this.#sendReset(streamId, verdict === 'duplicate' ? 'E_STATE' : 'E_STREAM_LIMIT');
  }

  /** 0x11 came (§2, §3). @throws ProtocolError `E_STATE`, `E_FLOW_CONTROL`. */
  onData({ streamId, bytes }: StreamData): void {
    if (this.#table.onData(streamId, bytes.length)) this.#parts.events.push({ type: 'stream-data', streamId, bytes });
    else this.#giveConnectionCredit(bytes.length);
  }

  /** 0x12 came (§3). @throws ProtocolError `E_STATE`, `E_FLOW_CONTROL`. */
  onCredit({ streamId, bytes }: StreamCredit): void {
    if (this.#table.onCredit(streamId, bytes)) this.#parts.events.push({ type: 'stream-credit', streamId });
  }

  /** 0x13 came (§2). @throws ProtocolError `E_STATE`. */
  onEnd(streamId: number): void {
    if (this.#table.onEnd(streamId)) this.#parts.events.push({ type: 'stream-ended', streamId });
  }

  /** 0x14 came (§4). @throws ProtocolError `E_STATE`. */
  onReset({ streamId, code }: StreamReset): void {
    if (!this.#table.reset(streamId)) return;
    this.#parts.events.push({ type: 'stream-reset', streamId, code: errorByNumber(code) });
  }

  #giveConnectionCredit(size: number): void {
    if (size === 0) return;
    const credit = this.#table.consumeConnection(size);
    if (credit > 0) this.#sendCredit(0, credit);
  }

  #sendCredit(streamId: number, bytes: number): void {
    encodeStreamCredit(this.#parts.outbox.writer(), streamId, bytes);
    this.#parts.outbox.written();
  }

  #sendReset(streamId: number, code: ErrorCode): void {
    encodeStreamReset(this.#parts.outbox.writer(), streamId, wireNumber(code));
    this.#parts.outbox.written();
  }
}
