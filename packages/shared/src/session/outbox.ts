/**
 * Outbox: packets in, sealed records out (docs/protocols/records.md §4).
 *
 * Packets that wait share one record; a record is sealed when it holds `flushBytes`, or when its owner flushes because
 * the socket can take more. Idle, an outbox holds no buffer.
 */
import { ByteWriter, type WriterPool } from '../bytes/index.ts';
import { encodeFrame } from '../frames/index.ts';
import type { RecordSealer } from '../records/index.ts';

export class Outbox {
  readonly #writers: WriterPool;
  readonly #flushBytes: number;
  #sealer: RecordSealer | undefined;
  #writer: ByteWriter | undefined;
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
    if (this.#writer !== undefined && this.#writer.length >= this.#flushBytes) this.seal();
  }

  /** Seals the packets that wait into one record. Does nothing without any. */
  seal(): void {
    const writer = this.#writer;
    if (writer === undefined) return;
    this.#writer = undefined;
    if (writer.length > 0 && this.#sealer !== undefined) {
      this.#outputBytes += this.#sealer.seal(writer.written(), this.#output);
    }
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
  }
}
