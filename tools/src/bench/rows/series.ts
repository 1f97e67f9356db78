/**
 * Series: one line of the comparison, such as "P1, 64 B". It names who takes part, how one run is measured, and what
 * is aimed at (docs/benchmarks).
 */
import type { Certificates, ContenderName } from '../contenders/index.ts';
import type { RowName } from '../options.ts';

/** What one run of one contender gave, by figure name. */
export type Figures = Readonly<Record<string, number>>;

/** How a figure is shown. */
export interface FigureKind {
  readonly name: string;
  readonly unit: string;
}

/** What a series is measured for. */
export interface Aim {
  readonly figure: string;
  /** Undefined: the figure itself is the aim's; else its ratio to this contender's. */
  readonly against?: string;
  /** The other's figure, where it is another one. */
  readonly againstFigure?: string;
  readonly relation: 'at least' | 'at most';
  readonly value: number;
}

/** Sizes of one invocation. */
export interface RunSettings {
  /** Of the end: nothing further is measured then. */
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly certificates: Certificates | undefined;
  readonly profileDirectory: string | undefined;
  readonly bulkBytes: number;
  readonly manyConnections: number;
  readonly idleConnections: number;
  readonly idleSettleMs: number;
  readonly startsPerRun: number;
  /** Events that wait in the longest queue. */
  readonly waitingMax: number;
}

/** One who takes part in a series. */
export interface Participant {
  /** How the report calls it. */
  readonly name: string;
  /** Undefined where nothing of `contenders` is run. */
  readonly contender: ContenderName | undefined;
  readonly measure: (settings: RunSettings) => Promise<Figures>;
}

/** One line of the comparison. */
export interface Series {
  readonly row: RowName;
  readonly variant: string;
  readonly figures: readonly FigureKind[];
  readonly participants: readonly Participant[];
  readonly aims: readonly Aim[];
}

/** How the report calls ours. */
export const OURS = 'sealane';
