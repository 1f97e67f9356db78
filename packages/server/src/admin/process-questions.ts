/** What the primary of several processes asks each of them, and what they answer (admin-of-processes.ts, member-admin.ts). */
import type { Readiness } from './readiness.ts';
import type { ConnectedInstance } from './connected-instances.ts';
import type { NodeStatus } from './node-status.ts';
import type { ProcessState } from './process-state.ts';

/** A request to the admin port, as it is handed on. */
export interface AdminRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for none. */
  readonly body?: string | undefined;
}

export interface AdminReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Figures of one metric, as they are added up over processes. */
export interface MetricFigures {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge` or `histogram`. */
  readonly type: unknown;
  /** How the values of several processes become one. */
  readonly aggregator: string;
  readonly values: readonly {
    readonly value: number;
    readonly labels: Readonly<Partial<Record<string, string | number>>>;
    /** Of a part of a histogram. */
    readonly metricName?: string;
  }[];
}

/** Questions with their answers. */
export interface ProcessAnswers {
  readonly request: AdminReply;
  readonly readiness: Readiness;
  readonly status: NodeStatus;
  readonly metrics: readonly MetricFigures[];
  readonly instances: readonly ConnectedInstance[];
}

/** What the primary asks one process about; `ProcessAnswers` has the answer of each. */
export type ProcessQuestion =
  | { readonly about: 'request'; readonly request: AdminRequest }
  | { readonly about: 'readiness' | 'status' | 'metrics' }
  /** Instances of these agents that are connected to the process. */
  | { readonly about: 'instances'; readonly agentIds: readonly string[] };

/** The processes of a server as its admin port sees them. */
export interface AdminProcesses {
  readonly isDraining: boolean;
  /** In order of their numbers. */
  states(): readonly ProcessState[];
  /** Asks one that serves. @throws TransportError where it ends before it has answered, or is silent. */
  ask<Question extends ProcessQuestion>(
    process: number,
    question: Question,
  ): Promise<ProcessAnswers[Question['about']]>;
}
