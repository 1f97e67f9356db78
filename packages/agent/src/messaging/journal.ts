/** Journal: transactions whose news are told when they have been written, and never otherwise. */
import type { Storage, Transaction } from '@sealane/e2ee/storage';
import type { MessagingEvent } from './messaging-event.ts';

export class Journal {
  readonly #storage: Storage;
  readonly #emit: (event: MessagingEvent) => void;
  readonly #news = new WeakMap<Transaction, MessagingEvent[]>();

  constructor(storage: Storage, emit: (event: MessagingEvent) => void) {
    this.#storage = storage;
    this.#emit = emit;
  }

  /** As `Storage.transaction`; afterwards tells what `work` noted. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const news: MessagingEvent[] = [];
    const result = await this.#storage.transaction((tx) => {
      this.#news.set(tx, news);
      return work(tx);
    });
    for (const event of news) this.#emit(event);
    return result;
  }

  /** Notes what is to be told once the transaction has been written. */
  tell(tx: Transaction, event: MessagingEvent): void {
    this.#news.get(tx)?.push(event);
  }
}
