/**
 * Journal: transactions whose news are told when they have been written, and never otherwise. One that meets a damaged row is
 * made again once what is damaged has been set aside.
 */
import { SealaneError } from '@sealane/shared/errors';
import type { Storage, Transaction } from '@sealane/e2ee/storage';
import type { MessagingEvent } from './messaging-event.ts';
import { setAsideDamaged } from './set-aside.ts';

export class Journal {
  readonly #storage: Storage;
  readonly #emit: (event: MessagingEvent) => void;
  readonly #news = new WeakMap<Transaction, MessagingEvent[]>();

  constructor(storage: Storage, emit: (event: MessagingEvent) => void) {
    this.#storage = storage;
    this.#emit = emit;
  }

  /** As `Storage.transaction`; afterwards tells what `work` noted. @param work may be called twice. */
  async transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    try {
      return await this.#run(work);
    } catch (error) {
      if (!isDamage(error) || !(await this.#setAside())) throw error;
      return await this.#run(work);
    }
  }

  /** Notes what is to be told once the transaction has been written. */
  tell(tx: Transaction, event: MessagingEvent): void {
    this.#news.get(tx)?.push(event);
  }

  async #run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const news: MessagingEvent[] = [];
    const result = await this.#storage.transaction((tx) => {
      this.#news.set(tx, news);
      return work(tx);
    });
    for (const event of news) this.#emit(event);
    return result;
  }

  /** @returns whether there was anything; not where even that fails. */
  async #setAside(): Promise<boolean> {
    try {
      return (await this.#run((tx) => setAsideDamaged(tx, (event) => this.tell(tx, event)))) > 0;
    } catch (error) {
      if (error instanceof SealaneError) return false;
      throw error;
    }
  }
}

/** A row that cannot be read; under a passphrase one that does not open. */
function isDamage(error: unknown): boolean {
  return error instanceof SealaneError && (error.code === 'E_DATA' || error.code === 'E_PASSPHRASE');
}
