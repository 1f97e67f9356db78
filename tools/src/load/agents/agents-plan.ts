/** What the agents of one process are to do, and what they count together. */
import type { AgentState } from '@sealane/agent';
import { Histogram } from '../report/histogram.ts';
import type { Mix } from '../options.ts';

/** Plain data: it goes to another process. */
export interface AgentsPlan {
  /** Numbers of the agents, from `first` up to, not including, `end`. */
  readonly first: number;
  readonly end: number;
  /** Distinguishes the agents and topics of one run from those of an earlier one. */
  readonly run: string;
  readonly hosts: readonly string[];
  readonly port: number;
  readonly serverKey: string | undefined;
  readonly tokens: readonly string[] | undefined;
  readonly topics: number;
  readonly eventBytes: number;
  readonly mix: Mix;
  /** Of this process. */
  readonly eventsPerSecond: number;
}

/** Counts and latencies of the agents of one process. */
export class AgentTally {
  published = 0;
  requested = 0;
  receipts = 0;
  replies = 0;
  deliveries = 0;
  /** Told when an agent was admitted. */
  onConnected: (() => void) | undefined;
  readonly errors = new Map<string, number>();
  /** Connections that were lost, and attempts that failed, by why. */
  readonly lost = new Map<string, number>();
  readonly receiptLatencies = new Histogram();
  readonly deliveryLatencies = new Histogram();
  readonly replyLatencies = new Histogram();

  onReceipt(dueAt: number): void {
    this.receipts += 1;
    this.receiptLatencies.add(sinceMs(dueAt));
  }

  onReply(dueAt: number): void {
    this.replies += 1;
    this.replyLatencies.add(sinceMs(dueAt));
  }

  onDelivery(ms: number): void {
    this.deliveries += 1;
    this.deliveryLatencies.add(ms);
  }

  onError(error: unknown): void {
    const name = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    count(this.errors, name);
  }

  onState(state: AgentState): void {
    if (state.state === 'connected') this.onConnected?.();
    else if (state.state === 'reconnecting') count(this.lost, state.reason);
  }
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function sinceMs(at: number): number {
  return performance.timeOrigin + performance.now() - at;
}
