/**
 * NaiveModel: what has to be true of events, told only by what callers saw: receipts, entries, acks. It knows nothing of
 * how the store does it. Not part of the product.
 */
import type { PublishResult, QueueItem } from '../../src/store/store.ts';

/** An event, as whoever publishes it knows it: its key is its body. */
export interface Published {
  readonly key: string;
  /** Names of the queues that it has to reach. */
  readonly queues: readonly string[];
  /** Told as stored; without it nobody knows. */
  sequence: number | undefined;
}

class QueueModel {
  readonly keys = new Map<number, string>();
  readonly sequences = new Map<string, number>();
  /** Acks that were confirmed. */
  readonly settled = new Set<number>();
  readonly failuresSent = new Map<number, number>();
  readonly failuresDone = new Map<number, number>();
  /** Of a group: who holds what. */
  readonly holders = new Map<number, string>();
}

/** What was true when a read began. */
export interface ReadMark {
  readonly settled: ReadonlySet<number>;
  readonly failuresDone: ReadonlyMap<number, number>;
}

export class NaiveModel {
  readonly wrong: string[] = [];
  readonly published = new Map<string, Published>();
  readonly #positions = new Map<number, string>();
  readonly #queues = new Map<string, QueueModel>();

  queue(name: string): QueueModel {
    let queue = this.#queues.get(name);
    if (queue === undefined) this.#queues.set(name, (queue = new QueueModel()));
    return queue;
  }

  get queueNames(): readonly string[] {
    return [...this.#queues.keys()];
  }

  /** How many entries were read, of all queues. */
  get entryCount(): number {
    return [...this.#queues.values()].reduce((sum, { keys }) => sum + keys.size, 0);
  }

  publishing(key: string, queues: readonly string[]): void {
    if (!this.published.has(key)) this.published.set(key, { key, queues, sequence: undefined });
  }

  receipt(key: string, result: PublishResult): void {
    if (result.status === 'refused') {
      if (result.code !== 'E_STORE_UNAVAILABLE') this.wrong.push(`${key} was refused: ${result.code}`);
      return;
    }
    const { sequence, status } = result;
    const event = this.published.get(key);
    const other = this.#positions.get(sequence);
    if (other !== undefined && other !== key) this.wrong.push(`${key} and ${other} have position ${sequence}`);
    if (event?.sequence !== undefined && (event.sequence !== sequence || status !== 'duplicate'))
      this.wrong.push(`${key} was ${status} at ${sequence} after ${event.sequence}`);
    this.#positions.set(sequence, key);
    if (event !== undefined) event.sequence = sequence;
  }

  beginRead(name: string): ReadMark {
    const { settled, failuresDone } = this.queue(name);
    return { settled: new Set(settled), failuresDone: new Map(failuresDone) };
  }

  /** @param reader of a group: what it gets nobody else may hold, nor itself. */
  endRead(name: string, items: readonly QueueItem[], mark: ReadMark, reader?: string): readonly number[] {
    const got: number[] = [];
    for (const item of items) {
      if (item.kind === 'skip') {
        this.wrong.push(`${name}: a skip ${item.from}-${item.to} ${item.reason}`);
        continue;
      }
      if (item.sequence <= (got.at(-1) ?? 0)) this.wrong.push(`${name}: ${item.sequence} after ${got.at(-1)}`);
      got.push(item.sequence);
      if (mark.settled.has(item.sequence)) this.wrong.push(`${name}: ${item.sequence} was acked and comes again`);
      this.#see(name, item.sequence, Buffer.from(item.body).toString());
      this.#checkFailures(name, item.sequence, item.failures, mark);
      if (reader !== undefined) this.#hold(name, item.sequence, reader);
    }
    return got;
  }

  /** When all is read and settled. @param nextSequence what the store says. */
  checkWhole(name: string, nextSequence: number): void {
    const { keys, sequences } = this.queue(name);
    for (let sequence = 1; sequence < nextSequence; sequence++)
      if (!keys.has(sequence)) this.wrong.push(`${name}: nobody ever saw ${sequence} of ${nextSequence - 1}`);
    for (const { key, queues, sequence } of this.published.values()) {
      const isThere = sequences.has(key);
      const isDue = queues.includes(name);
      if (isDue && sequence !== undefined && !isThere) this.wrong.push(`${name}: ${key} was acked and is lost`);
      if (!isDue && isThere) this.wrong.push(`${name}: ${key} does not belong here`);
    }
  }

  #see(name: string, sequence: number, key: string): void {
    const { keys, sequences } = this.queue(name);
    const before = keys.get(sequence);
    if (before !== undefined && before !== key) this.wrong.push(`${name}: ${sequence} is ${before} and ${key}`);
    const earlier = sequences.get(key);
    if (earlier !== undefined && earlier !== sequence) this.wrong.push(`${name}: ${key} at ${earlier} and ${sequence}`);
    if (!this.published.has(key)) this.wrong.push(`${name}: nobody published ${key}`);
    keys.set(sequence, key);
    sequences.set(key, sequence);
  }

  #checkFailures(name: string, sequence: number, failures: number, mark: ReadMark): void {
    const least = mark.failuresDone.get(sequence) ?? 0;
    const most = this.queue(name).failuresSent.get(sequence) ?? 0;
    if (failures < least || failures > most)
      this.wrong.push(`${name}: ${sequence} has ${failures} failures, not ${least} to ${most}`);
  }

  #hold(name: string, sequence: number, reader: string): void {
    const { holders } = this.queue(name);
    const holder = holders.get(sequence);
    if (holder !== undefined) this.wrong.push(`${name}: ${reader} got ${sequence}, which ${holder} holds`);
    holders.set(sequence, reader);
  }
}

/** Adds one. */
export function count(counts: Map<number, number>, key: number): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
