/** RedisStoreOptions: what a store on Redis is told when it is made. */
import type { StoreEnvironment } from '../environment.ts';
import type { QueueLimits } from '../store.ts';
import type { SessionEnd } from './served-agents.ts';

export interface RedisStoreOptions {
  /** `redis://[[user]:password@]host[:port][/database]`, or `rediss://`. */
  readonly url: string;
  /** Begins every key. */
  readonly prefix?: string;
  /** Name of this node; its life adds to it. */
  readonly node?: string;
  /** What other nodes are told of this one, such as where its health is asked. */
  readonly about?: string;
  readonly limits?: QueueLimits;
  /** Refuses to open where acks would not be durable (M4). */
  readonly requireDurable?: boolean;
  /** How long this node counts as alive without a sign of life; what it holds of groups is free after that (M7). */
  readonly leaseMs?: number;
  /** Where this node keeps what it knows of the store between its lives (M10). */
  readonly markerFile?: string;
  /** Another node ends a session of this one. */
  readonly onSessionEnd?: (end: SessionEnd) => void;
  readonly environment?: StoreEnvironment;
}
