/** What the bench asks of its two child processes, and what they answer. Plain data over the IPC channel. */
import type { ContenderName, ServerSetup, Target } from '../contenders/index.ts';
import type { LoadPlan } from '../loads/index.ts';

/** State of a process at one moment. */
export interface Mark {
  /** Clock of that process in ms. */
  readonly atMs: number;
  /** CPU time of the process since its start in µs, user and system, and of the program that it runs. */
  readonly cpuUs: number;
  /** Work done: what the client has counted, or what the server has received. */
  readonly count: number;
  /** Connections the server has taken. */
  readonly established: number;
  readonly rssBytes: number;
  /** Highest resident size since `watchMemory`. */
  readonly rssPeakBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

/** The calls, by name. */
export interface Calls {
  serve(contender: ContenderName, setup: ServerSetup): { port: number; fingerprint?: string };
  connect(contender: ContenderName, target: Target, hosts: readonly string[], connections: number): number;
  start(plan: LoadPlan): null;
  /** Resolves when a load of limited size is through; the time it took in ms. */
  finish(): number;
  /** Latencies in µs since the last call: count, median, 99th percentile. */
  latencies(): { count: number; p50: number; p99: number };
  stop(): null;
  mark(options: { collect: boolean }): Mark;
  watchMemory(): null;
  /** Records a CPU profile from now on. */
  startProfile(): null;
  /** Writes the profile into a file. */
  stopProfile(path: string): null;
  exit(): null;
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
