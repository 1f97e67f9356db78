/** What the rows of this bench share: their options, and a store to measure. */
import { join } from 'node:path';
import { SqliteStore, type StoreListener } from '@sealane/server/store';

export interface StoreBenchOptions {
  readonly seconds: number;
  readonly queues: number;
  /** Folder of the store's file; on the disk that is to be measured. */
  readonly folder: string;
}

/** A store in a file of the folder, open. */
export async function openStore(folder: string, listener: Partial<StoreListener> = {}): Promise<SqliteStore> {
  const store = new SqliteStore(join(folder, 'store.db'), { diskFloorBytes: 0 });
  const nothing = (): void => undefined;
  await store.open({ onQueues: nothing, onAgentLost: nothing, onHealth: nothing, onIncident: nothing, ...listener });
  return store;
}
