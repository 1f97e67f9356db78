/** StoreCore: the parts of an open log store that its workers share. `log-store.ts` puts them together. */
import type { ErrorCode } from '@sealane/shared/errors';
import type { StoreEnvironment } from '../environment.ts';
import type { DeliveryState } from '../state/delivery-state.ts';
import type { QueueLimits } from '../store.ts';
import type { Committer } from './committer.ts';
import type { Leases } from './leases.ts';
import type { LogDevice } from './log-device.ts';
import type { RecordCache } from './record-cache.ts';
import type { RowTable } from './row-table.ts';

export interface StoreCore {
  readonly state: DeliveryState;
  readonly committer: Committer;
  readonly rows: RowTable;
  readonly cache: RecordCache;
  readonly leases: Leases;
  readonly device: LogDevice;
  readonly environment: StoreEnvironment;
  readonly limits: QueueLimits;
  /** Loud: damage, or a past that was lost. */
  readonly report: (incident: { readonly code: ErrorCode; readonly message: string }) => void;
}
