/** QueueReaders: the readers of queues of this node, one a queue. */
import type { QueueInfo } from '../store/index.ts';
import { QueueReader } from './queue-reader.ts';
import type { ReaderHost } from './reader-host.ts';

export class QueueReaders {
  /** Subscriptions that are being opened now. */
  opening = 0;
  readonly #host: ReaderHost;
  readonly #readers = new Map<string, QueueReader>();
  /** How far readers delivered that closed while subscriptions were being opened: what those know may be older. */
  readonly #closed = new Map<string, number>();

  constructor(host: ReaderHost) {
    this.#host = host;
  }

  get size(): number {
    return this.#readers.size;
  }

  find(queueId: string): QueueReader | undefined {
    return this.#readers.get(queueId);
  }

  /** The reader of a queue, begun where there is none. */
  readerOf(info: QueueInfo): QueueReader {
    let reader = this.#readers.get(info.queueId);
    if (reader === undefined) {
      const deliveredTo = Math.max(info.deliveredTo, this.#closed.get(info.queueId) ?? 0);
      reader = new QueueReader(this.#host, { ...info, deliveredTo });
      this.#readers.set(info.queueId, reader);
    }
    return reader;
  }

  /** A subscription is open, or was refused. */
  opened(): void {
    this.opening -= 1;
    if (this.opening === 0) this.#closed.clear();
  }

  onClosed(reader: { readonly queueId: string; readonly deliveredTo: number }): void {
    this.#readers.delete(reader.queueId);
    if (this.opening > 0) this.#closed.set(reader.queueId, reader.deliveredTo);
  }
}
