/** Load: what a client process does to its server, from `start` until `stop`. */
import type { Connection } from '../contenders/index.ts';

/** What a load runs on. */
export interface LoadContext {
  readonly connections: readonly Connection[];
  /** Makes one more connection; `index` names its identity where the contender has any. */
  readonly connect: (index: number) => Promise<Connection>;
}

/** Durable events from producers to readers. */
export interface DeliverPlan {
  readonly kind: 'deliver';
  readonly bytes: number;
  readonly producers: number;
  /** Events under way at once. With `perSecond`, the most. */
  readonly inFlight: number;
  /** Events due each second; 0 for as many as go. */
  readonly perSecond: number;
}

/** The kinds of work, with their sizes. */
export type LoadPlan =
  | { readonly kind: 'one-way'; readonly bytes: number }
  | { readonly kind: 'exchange'; readonly bytes: number; readonly inFlight: number }
  | { readonly kind: 'handshake'; readonly atOnce: number; readonly bytes: number }
  | { readonly kind: 'bulk'; readonly direction: 'up' | 'down'; readonly bytes: number }
  | { readonly kind: 'spread'; readonly bytes: number }
  | { readonly kind: 'publish'; readonly bytes: number; readonly inFlight: number }
  | DeliverPlan
  | { readonly kind: 'idle'; readonly heartbeatMs: number };

/** A load at work. */
export interface Load {
  /** Work done: replies, connections or bytes; one-way messages are counted by the server. */
  readonly done: () => number;
  /** Latencies in µs of what was done since the last call. */
  readonly takeLatencies: () => Float64Array;
  /** Ends the load; resolves when nothing is under way. */
  readonly stop: () => Promise<void>;
  /** Resolves when a load of limited size is through. */
  readonly finished: Promise<void>;
}

/** A method of a connection that the row needs. @throws TypeError when the contender does not take part in it. */
export function need<Method>(method: Method | undefined, name: string): Method {
  if (method === undefined) throw new TypeError(`this contender has no "${name}"`);
  return method;
}
