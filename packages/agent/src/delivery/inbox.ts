/**
 * Inbox: which deliveries this side is done with, written down before they are acked. What is delivered again although it
 * is done, because its ack was lost, is acked without a handler. One port; a file of the data directory
 * (`SqliteInbox`) and memory stand behind it.
 *
 * A handler's effect happens once, unless the process ends between the handler and the write.
 */
import type { DoneState } from './done-set.ts';

/** What is known of one life of a subscription. */
export interface InboxEntry {
  /** Fingerprint of the server where it was met last. */
  readonly server: string;
  /** 16 bytes; sequences of another lineage mean other events. */
  readonly lineage: Uint8Array;
  readonly done: DoneState;
}

export interface Inbox {
  /** What is known of a subscription, the latest first; several where the agent has several servers. */
  load(subscription: string): Promise<readonly InboxEntry[]>;
  /** Writes down what is done. Resolves when that is durable; calls of one turn share a commit. */
  save(subscription: string, entry: () => InboxEntry): Promise<void>;
  /** The subscription was deleted at the server. */
  forget(subscription: string): Promise<void>;
  close(): Promise<void>;
}
