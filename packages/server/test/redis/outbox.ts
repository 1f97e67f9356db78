/** An outbox for tests, and what a reader got. Not part of the product. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NewEvent, PublishResult, QueueItem, Store } from '../../src/store/store.ts';
import { numbered } from './store-host.ts';

/** Publishes numbers like an outbox: in order, each until it has a receipt. @returns results by number. */
export class Outbox {
  readonly receipts = new Map<number, PublishResult>();
  readonly #store: Store;
  #isEnding = false;
  #done: Promise<void> = Promise.resolve();
  number = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  start(): this {
    this.#done = this.#run();
    return this;
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      let batch: NewEvent[] = Array.from({ length: 20 }, () => numbered(++this.number));
      while (batch.length > 0) {
        const results = await this.#store.publish(batch);
        const left: NewEvent[] = [];
        for (const [index, result] of results.entries()) {
          const each = batch[index] as NewEvent;
          if (result.status === 'refused') left.push(each);
          else if (each.dedup.kind === 'number') this.receipts.set(each.dedup.number, result);
        }
        batch = left;
        if (left.length > 0) await sleep(50);
      }
    }
  }
}

export function bodies(items: readonly QueueItem[]): readonly string[] {
  return items.flatMap((item) => (item.kind === 'event' ? Buffer.from(item.body).toString() : []));
}
