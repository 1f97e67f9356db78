/** MemoryInbox: an inbox that ends with the process. */
import { toHex } from '@sealane/shared/bytes';
import type { Inbox, InboxEntry } from './inbox.ts';

export class MemoryInbox implements Inbox {
  readonly #entries = new Map<string, Map<string, InboxEntry>>();

  load(subscription: string): Promise<readonly InboxEntry[]> {
    return Promise.resolve([...(this.#entries.get(subscription)?.values() ?? [])].reverse());
  }

  save(subscription: string, entry: () => InboxEntry): Promise<void> {
    const saved = entry();
    const entries = this.#entries.get(subscription) ?? new Map<string, InboxEntry>();
    this.#entries.set(subscription, entries);
    const lineage = toHex(saved.lineage);
    entries.delete(lineage);
    entries.set(lineage, saved);
    return Promise.resolve();
  }

  forget(subscription: string): Promise<void> {
    this.#entries.delete(subscription);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
