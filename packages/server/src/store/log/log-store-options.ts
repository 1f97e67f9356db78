/** What a store over a log is made with. */
import type { StoreEnvironment } from '../environment.ts';
import type { QueueLimits } from '../store.ts';

/** Everything has a default. */
export interface LogStoreOptions {
  readonly environment?: StoreEnvironment;
  readonly limits?: QueueLimits;
  /** Free bytes on the disk below which no events are taken; 0 for no floor. */
  readonly diskFloorBytes?: number;
  /** Bytes of batches that are kept in memory. */
  readonly cacheBytes?: number;
  /** Bytes of settled events, kept by others in their batches, from which on batches are rewritten. */
  readonly deadBytesMin?: number;
  /** Bytes of batches after which a checkpoint of the state is written. */
  readonly checkpointBytes?: number;
  /** Bytes of a checkpoint that one commit writes beside its batches. */
  readonly checkpointSliceBytes?: number;
}
