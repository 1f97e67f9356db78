/**
 * MessagingStore: what messaging keeps, apart from the events in queues: the port. SQLite behind a thread and SQLite in memory
 * stand behind it, do the same steps, and pass the same suite (`messaging-store.compliance.ts`).
 */
import type { ServiceStore } from './service-store.ts';

export interface MessagingStore extends ServiceStore {
  /**
   * Opens it. @param onBroken nothing is written any more, and what was under way is in doubt: loud, for log, health and metrics.
   *
   * @throws ConfigError, StorageError that say what to do.
   */
  open(onBroken: (error: Error) => void): Promise<void>;
  /** Waits for what was asked, and closes. */
  close(): Promise<void>;
  /** Copies a consistent state into a new file, while others go on. @throws StorageError `E_STORAGE`. */
  backup(destination: string): Promise<void>;
}
