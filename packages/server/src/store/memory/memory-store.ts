/** MemoryStore: a `LogStore` over a MemoryDisk. */
import { systemStoreEnvironment } from '../environment.ts';
import type { LogStoreOptions } from '../log/log-store-options.ts';
import { LogStore } from '../log/log-store.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryLog } from './memory-log.ts';

/** What may differ from the defaults. */
export interface MemoryStoreOptions extends LogStoreOptions {
  /** What an earlier store left; a fresh one without. */
  readonly disk?: MemoryDisk;
}

/**
 * A store that keeps everything in memory: for tests and the simulator, and as `VolatileStore` for servers. Its disk can
 * be given to the next one; `crash` ends it and loses what the disk does not have.
 */
export class MemoryStore extends LogStore {
  readonly disk: MemoryDisk;
  readonly #log: MemoryLog;

  constructor(options: MemoryStoreOptions = {}) {
    const disk = options.disk ?? new MemoryDisk();
    const log = new MemoryLog(disk, options.environment ?? systemStoreEnvironment);
    super(log, { cacheBytes: 0, ...options });
    this.disk = disk;
    this.#log = log;
  }

  /** Ends it at once: what is not committed is lost, whoever waits learns that it is unknown. */
  crash(): void {
    this.#log.crash();
    this.abandon();
  }
}
