/** SimStore: the store of one process, the product's own, over a disk of the world. */
import { LogStore, type LogStoreOptions } from '@sealane/server/testing';
import type { MemoryDisk, StoreEnvironment } from '@sealane/server/store';
import { SimLog, type DiskManners } from './sim-log.ts';

export interface SimStoreOptions extends LogStoreOptions {
  readonly environment: StoreEnvironment;
  /** What an earlier store left. */
  readonly disk: MemoryDisk;
  readonly manners: DiskManners;
}

export class SimStore extends LogStore {
  readonly #log: SimLog;

  constructor(options: SimStoreOptions) {
    const log = new SimLog(options.disk, options.environment, options.manners);
    super(log, { cacheBytes: 0, ...options });
    this.#log = log;
  }

  /** Ends it at once: what is not committed is lost. */
  crash(): void {
    this.#log.crash();
    this.abandon();
  }
}
