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
  /** Reads of readers that closed meanwhile. */
  readonly #reading = new Map<string, Promise<void>>();

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
      reader = new QueueReader(this.#host, { ...info, deliveredTo }, this.#reading.get(info.queueId));
      this.#readers.set(info.queueId, reader);
    }
    return reader;
  }

  /** A subscription is open, or was refused. */
  opened(): void {
    this.opening -= 1;
    if (this.opening === 0) this.#closed.clear();
  }

  onClosed(
    { queueId, deliveredTo }: { readonly queueId: string; readonly deliveredTo: number },
    reading: Promise<void> | undefined,
  ): void {
    this.#readers.delete(queueId);
    if (this.opening > 0) this.#closed.set(queueId, deliveredTo);
    if (reading === undefined) return;
    this.#reading.set(queueId, reading);
    void reading.then(() => {
      if (this.#reading.get(queueId) === reading) this.#reading.delete(queueId);
    });
  }
}
