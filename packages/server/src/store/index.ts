/** Stores: the port, and the stores of one process. */
export { systemStoreEnvironment } from './environment.ts';
export type { StoreEnvironment } from './environment.ts';
export { Histogram } from './histogram.ts';
export { DEFAULT_QUEUE_LIMITS, EVENT_BODY_BYTES_MAX, FAILURES_MAX, ID_DEDUP_MS } from './limits.ts';
export { MemoryDisk } from './memory/memory-disk.ts';
export { MemoryStore } from './memory/memory-store.ts';
export type { MemoryStoreOptions } from './memory/memory-store.ts';
export { MemoryNodeWay } from './memory/memory-node-bus.ts';
export { VolatileStore } from './memory/volatile-store.ts';
export type { NodeBus } from './node-bus.ts';
export { restoreBackup } from './sqlite/restore-backup.ts';
export { DISK_FLOOR_BYTES, SqliteStore } from './sqlite/sqlite-store.ts';
export type { SqliteStoreOptions } from './sqlite/sqlite-store.ts';
export type {
  AgentRecord,
  DeadLetter,
  Durability,
  Lease,
  NewEvent,
  Page,
  PageRequest,
  ProducerRef,
  PublishResult,
  QueueEntry,
  QueueInfo,
  QueueItem,
  QueueLimits,
  QueueSkip,
  QueueSpec,
  ReadRequest,
  Settlement,
  SkipReason,
  Store,
  StoreFigures,
  StoreHealth,
  StoreListener,
  UsageCounts,
  UsageRow,
} from './store.ts';
