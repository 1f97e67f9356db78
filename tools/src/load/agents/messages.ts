/** What the load asks of its processes, and what they answer. Plain data over the IPC channel. */
import type { DeliveredLog, PublishedLog } from '../check/check.ts';
import type { AgentsPlan } from './agents-plan.ts';

/** The agents of a process at one moment. */
export interface WorkerStatus {
  readonly connected: number;
  readonly published: number;
  readonly requested: number;
  readonly receipts: number;
  readonly replies: number;
  readonly deliveries: number;
  /** Of deliveries, or of receipts where there are none: counts of a histogram. */
  readonly latencies: Float64Array;
}

/** How a storm ended. */
export interface Storm {
  readonly cut: number;
  /** Agents that did not come back in time. */
  readonly away: number;
  /** When each connection was there again, ascending. */
  readonly backMs: Float64Array;
}

/** Everything a process knows at the end. */
export interface Collected {
  readonly published: readonly PublishedLog[];
  readonly delivered: readonly DeliveredLog[];
  readonly receiptLatencies: Float64Array;
  readonly deliveryLatencies: Float64Array;
  readonly replyLatencies: Float64Array;
  /** Codes and how often. */
  readonly errors: readonly (readonly [code: string, count: number])[];
  /** Why connections were lost or could not be made, and how often. */
  readonly lost: readonly (readonly [code: string, count: number])[];
}

/** The calls, by name. */
export interface Calls {
  /** Connects all agents, and subscribes. */
  connect(plan: AgentsPlan): null;
  start(): null;
  status(): WorkerStatus;
  /** Cuts all connections; resolves when all agents are back. */
  storm(): Storm;
  stop(): null;
  collect(): Collected;
  /** Ends subscriptions and connections. */
  close(): null;
}

export type CallName = keyof Calls;

/** One call. */
export interface Call {
  readonly id: number;
  readonly name: CallName;
  readonly parameters: readonly unknown[];
}

/** Its answer. */
export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
