/** What a metric is: its name, and how it is read from what one scrape has looked at. */
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Messaging } from '../messaging/index.ts';
import type { ServerCounters } from '../server/index.ts';
import type { StoreFigures } from '../store/index.ts';
import type { Access } from './access.ts';
import type { AdminHost } from './admin-host.ts';

/** Values with the value of their one label; undefined where there is no label. */
export type Samples = readonly (readonly [label: string | undefined, value: number])[];

export interface MetricDefinition {
  /** Without the prefix. */
  readonly name: string;
  readonly help: string;
  readonly label?: string;
  /** How the values of several processes become one; by default they are added. */
  readonly together?: 'min' | 'max' | 'first';
  readonly read: (at: Scrape) => Samples;
}

/** What one answer is made from: everything is looked at once. */
export interface Scrape {
  readonly counters: ServerCounters;
  readonly figures: StoreFigures;
  /** Undefined where the server has no messaging. */
  readonly messaging: MessagingFigures | undefined;
  readonly access: Access;
  readonly eventLoop: ReturnType<typeof monitorEventLoopDelay>;
  readonly host: AdminHost;
}

/** Messaging at the moment of a scrape. */
export interface MessagingFigures {
  readonly counters: Messaging['counters'];
  readonly hashQueueLength: number;
  /** Undefined while its store does not answer. */
  readonly accounts: number | undefined;
}

/** A value without label. */
export function one(value: number): Samples {
  return [[undefined, value]];
}

/** A value for each name. */
export function byName(counts: Readonly<Record<string, number>>): Samples {
  return Object.entries(counts);
}
