/** What queue readers share: the store, time, limits and counters of one delivery engine. */
import type { DeliveryLimits } from '../config/index.ts';
import type { Lease, Store } from '../store/index.ts';
import type { Alarms } from './alarms.ts';
import type { DeliveryCounters } from './delivery-counters.ts';
import type { DeliveryEnvironment } from './environment.ts';

export interface ReaderHost {
  readonly store: Store;
  readonly environment: DeliveryEnvironment;
  readonly alarms: Alarms;
  readonly counters: DeliveryCounters;
  readonly limits: DeliveryLimits;
  /** Nothing is delivered any more; acks are still taken. */
  readonly isDraining: boolean;
  /** Another node took over: whoever holds this lease has to go. */
  onFenced(lease: Lease): void;
  /** Nobody takes from the queue here any more. @param reading a read of it that is not over. */
  onReaderClosed(
    reader: { readonly queueId: string; readonly deliveredTo: number },
    reading: Promise<void> | undefined,
  ): void;
}
