/** SqliteStore: a `LogStore` over SQLite (docs/decisions). */
import { LogStore } from '../log/log-store.ts';
import type { LogStoreOptions } from '../log/log-store-options.ts';
import { SqliteLog } from './sqlite-log.ts';

/** What may differ from the defaults, and who is told of a migration. */
export interface SqliteStoreOptions extends LogStoreOptions {
  /** A file of an older format was migrated; a copy of it is kept at this path. */
  readonly onMigrated?: (copy: string) => void;
}

/** Below this much free space no events are taken: what is there has to be delivered and settled. */
export const DISK_FLOOR_BYTES = 268_435_456;

/** The store of one process in one SQLite file, the default of a server. */
export class SqliteStore extends LogStore {
  readonly #log: SqliteLog;

  /** @param file made where it is missing; its folder must be there. */
  constructor(file: string, options: SqliteStoreOptions = {}) {
    const { onMigrated = () => undefined, ...rest } = options;
    const log = new SqliteLog(file, onMigrated);
    super(log, { diskFloorBytes: DISK_FLOOR_BYTES, ...rest });
    this.#log = log;
  }

  /** Ends it where it is, as a crash of the process would: for tests. */
  async crash(): Promise<void> {
    this.abandon();
    await this.#log.crash();
  }
}
