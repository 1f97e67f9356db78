/**
 * Outbox: packets in, sealed records out (docs/protocols/records.md §4).
 *
 * Packets that wait share one record; a record is sealed when it holds `flushBytes`, or when its owner flushes because
 * the socket can take more. Idle, an outbox holds no buffer.
 */
import { type ByteWriter, type WriterPool } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { encodeFrame } from '../frames/index.ts';
import { RECORD_PLAINTEXT_BYTES_MAX, type RecordSealer } from '../records/index.ts';

export class Outbox {
  readonly #writers: WriterPool;
  readonly #flushBytes: number;
  #sealer: RecordSealer | undefined;
  #writer: ByteWriter | undefined;
  /** Where the packets end that are known to fit one record. */
  #packetsEnd = 0;
  #failure: ProtocolError | undefined;
  #output: Uint8Array[] = [];
  #outputBytes = 0;

  constructor(writers: WriterPool, flushBytes: number) {
    this.#writers = writers;
    this.#flushBytes = flushBytes;
  }

  /** Bytes that wait: packets not sealed, and frames not taken. */
  get waitingBytes(): number {
    return this.#outputBytes + (this.#writer?.length ?? 0);
  }

  /** Bytes of the frames not taken. */
  get sealedBytes(): number {
    return this.#outputBytes;
  }

  /** Why nothing can be sealed any more (docs/protocols/records.md §5); the session is to end. */
  get failure(): ProtocolError | undefined {
    return this.#failure;
  }

  /** Appends a clear packet of the handshake as a frame. */
  clear(body: Uint8Array): void {
    const frame = encodeFrame(body);
    this.#output.push(frame);
    this.#outputBytes += frame.length;
  }

  /** From now on packets are sealed with `sealer`. */
  useSealer(sealer: RecordSealer): void {
    this.#sealer = sealer;
  }

  /** Where the next packet is to be encoded. Call `written` when that is done. */
  writer(): ByteWriter {
    this.#writer ??= this.#writers.take();
    return this.#writer;
  }

  /** A packet was encoded: seals the record when it is full. */
  written(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    if (writer.length >= this.#flushBytes) this.seal();
    else this.#packetsEnd = writer.length;
  }

  /**
   * Seals the packets that wait into one record, or into two where the last one does not fit beside the others. Does
   * nothing without any; what cannot be sealed is dropped and leaves a `failure`.
   */
  seal(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    const packets = writer.written();
    const cut = packets.length > RECORD_PLAINTEXT_BYTES_MAX ? this.#packetsEnd : 0;
    this.#packetsEnd = 0;
    if (cut > 0) this.#sealRecord(packets.subarray(0, cut));
    if (packets.length > 0) this.#sealRecord(packets.subarray(cut));
    this.#writers.give(writer);
  }

  /** What to write to the connection now, in order; owned by the caller. */
  takeOutput(): Uint8Array[] {
    const output = this.#output;
    if (output.length === 0) return output;
    this.#output = [];
    this.#outputBytes = 0;
    return output;
  }

  /** Drops the packets that wait and returns their buffer. */
  discard(): void {
    if (this.#writer !== undefined) this.#writers.give(this.#writer);
    this.#writer = undefined;
    this.#packetsEnd = 0;
  }

  #sealRecord(plaintext: Uint8Array): void {
    if (this.#sealer === undefined || this.#failure !== undefined) return;
    try {
      this.#outputBytes += this.#sealer.seal(plaintext, this.#output);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#failure = error;
    }
  }
}
