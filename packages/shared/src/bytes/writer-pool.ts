/** WriterPool: byte writers that the connections of a process share. */
import { ByteWriter } from './byte-writer.ts';

/** Writers kept for reuse; more are left to the collector. */
const POOLED_MAX = 16;

/** A writer that grew past this is not kept. */
const POOLED_CAPACITY_MAX = 524_288;

/**
 * Keeps up to 16 byte writers for reuse: connections that are idle hold none, so that 10,000 of them cost little, and
 * those that send take a warm one.
 */
export class WriterPool {
  readonly #capacity: number;
  readonly #free: ByteWriter[] = [];

  /** @param capacity bytes that a new writer starts with. */
  constructor(capacity = 4_096) {
    this.#capacity = capacity;
  }

  /** An empty writer, owned by the caller until `give`. */
  take(): ByteWriter {
    return this.#free.pop() ?? new ByteWriter(this.#capacity);
  }

  /** Takes a writer back; the caller must not use it any more. */
  give(writer: ByteWriter): void {
    if (this.#free.length >= POOLED_MAX || writer.buffer.length > POOLED_CAPACITY_MAX) return;
    writer.reset();
    this.#free.push(writer);
  }
}
