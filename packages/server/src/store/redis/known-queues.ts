/** KnownQueues: queues that this node may have to be woken for, by name: those that are read here, and some opened lately. */
import { nameOfQueue, queueSpecOf } from './queue-id.ts';

/** Queues that were opened and are not read; the first of them make room. */
const OPENED_MAX = 65_536;

export class KnownQueues {
  /** Ids by name. */
  readonly #reading = new Map<string, string>();
  readonly #groups = new Set<string>();
  readonly #opened = new Map<string, string>();

  idOf(name: string): string | undefined {
    return this.#reading.get(name) ?? this.#opened.get(name);
  }

  /** Names of all that are read here. */
  read(): readonly string[] {
    return [...this.#reading.keys()];
  }

  /** Names of those that other nodes may read too. */
  readGroups(): readonly string[] {
    return [...this.#groups];
  }

  noteOpened(queueId: string): void {
    const name = nameOfQueue(queueId);
    this.#opened.set(name, queueId);
    if (this.#opened.size <= OPENED_MAX) return;
    const [first] = this.#opened.keys();
    if (first !== undefined) this.#opened.delete(first);
  }

  noteReading(queueId: string): void {
    const name = nameOfQueue(queueId);
    this.#reading.set(name, queueId);
    if (queueSpecOf(name).kind === 'group') this.#groups.add(name);
  }

  forgetReading(queueId: string): void {
    const name = nameOfQueue(queueId);
    this.#reading.delete(name);
    this.#groups.delete(name);
  }

  clear(): void {
    this.#reading.clear();
    this.#groups.clear();
    this.#opened.clear();
  }
}
