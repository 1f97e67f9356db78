/** The report: every raw figure with where it was measured, and the verdicts that follow from them. */
import { existsSync, readFileSync } from 'node:fs';
import type { Environment } from '../environment.ts';
import { ROW_NAMES } from '../options.ts';
import { OURS, type Aim, type FigureKind, type Figures } from '../rows/index.ts';
import { median, spread, type Spread } from './statistics.ts';

/** What the runs of one series gave. */
export interface SeriesResult {
  readonly row: string;
  readonly variant: string;
  readonly figures: readonly FigureKind[];
  readonly aims: readonly Aim[];
  readonly contenders: readonly { readonly name: string; readonly runs: readonly Figures[] }[];
  readonly notes: readonly string[];
}

/** The series of one row, measured in one go. */
export interface RowReport {
  readonly row: string;
  readonly environment: Environment;
  readonly settings: Readonly<Record<string, number>>;
  readonly series: readonly SeriesResult[];
}

/** What is kept in latest.json. */
export interface Report {
  readonly rows: readonly RowReport[];
}

/** Whether an aim was met, and by how much. */
export interface Verdict {
  readonly aim: Aim;
  /** Ratio of the medians, or the median where nothing is compared. */
  readonly value: number;
  /** The same of each run by itself. */
  readonly spread: Spread;
  readonly isMet: boolean;
}

/** Rows measured before stay until they are measured again. */
export function mergeReports(path: string, rows: readonly RowReport[]): Report {
  const earlier = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report).rows : [];
  const all = [...earlier.filter(({ row }) => !rows.some((fresh) => fresh.row === row)), ...rows];
  const order: readonly string[] = ROW_NAMES;
  return { rows: all.sort((a, b) => order.indexOf(a.row) - order.indexOf(b.row)) };
}

/** The verdicts of a series; an aim without runs of both sides has none. */
export function verdictsOf(series: SeriesResult): Verdict[] {
  return series.aims.flatMap((aim) => {
    const ours = valuesOf(series, OURS, aim.figure);
    const theirs =
      aim.against === undefined ? undefined : valuesOf(series, aim.against, aim.againstFigure ?? aim.figure);
    if (ours.length === 0 || theirs?.length === 0) return [];
    const value = median(ours) / (theirs === undefined ? 1 : median(theirs));
    const each = ours.flatMap((own, run) => {
      const other = theirs === undefined ? 1 : theirs[run];
      return other === undefined ? [] : [own / other];
    });
    const isMet = aim.relation === 'at least' ? value >= aim.value : value <= aim.value;
    return [{ aim, value, spread: spread(each), isMet }];
  });
}

/** One figure of one contender in all its runs. */
export function valuesOf(series: SeriesResult, contender: string, figure: string): number[] {
  const runs = series.contenders.find(({ name }) => name === contender)?.runs ?? [];
  return runs.flatMap((figures) => figures[figure] ?? []);
}
