/** The history of the figures: each record run of a row is a line of history.jsonl. Not the raw figures: latest.json has these. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../environment.ts';
import type { Aim } from '../rows/index.ts';
import { verdictsOf, type RowReport } from './report.ts';

/** How one aim stood. */
export interface PastFigure {
  readonly variant: string;
  readonly figure: string;
  /** The contender that ours is divided by; undefined where nothing is compared. */
  readonly against?: string;
  readonly relation: Aim['relation'];
  readonly value: number;
}

/** One record run of one row. */
export interface HistoryEntry {
  readonly row: string;
  readonly date: string;
  readonly revision: string;
  readonly machine: string;
  readonly isBusy: boolean;
  readonly figures: readonly PastFigure[];
}

/** A figure beside the one of the record run before it. */
export interface Change {
  readonly row: string;
  readonly figure: PastFigure;
  /** Percent; above 0 is better, whichever way the aim points. */
  readonly betterPercent: number;
  readonly since: HistoryEntry;
}

const FILE_NAME = 'history.jsonl';
/** Load for each core above which the figures are doubtful. */
const BUSY_LOAD = 0.25;

/** Whether something else ran when the row began. */
export function isBusy({ load, cores }: Environment): boolean {
  return load > cores * BUSY_LOAD;
}

/** The lines of the history in `directory`, oldest first; none where there is no file. */
export function readHistory(directory: string): HistoryEntry[] {
  const path = join(directory, FILE_NAME);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as HistoryEntry);
}

/** Adds a line; what stands there is never changed. */
export function appendHistory(directory: string, entry: HistoryEntry): void {
  appendFileSync(join(directory, FILE_NAME), `${JSON.stringify(entry)}\n`);
}

/** What the history keeps of a row. */
export function entryOf({ row, environment, series }: RowReport): HistoryEntry {
  const { date, revision, cpu, cores, memoryGiB } = environment;
  const figures = series.flatMap((one) =>
    verdictsOf(one).map(({ aim: { figure, against, relation }, value }) => {
      const kept = { variant: one.variant, figure, relation, value: Number(value.toPrecision(4)) };
      return against === undefined ? kept : { ...kept, against };
    }),
  );
  const machine = `${cores} × ${cpu}, ${memoryGiB} GiB`;
  return { row, date, revision, machine, isBusy: isBusy(environment), figures };
}

/** Each figure beside its last one before. What depends on the machine is compared on the same machine only. */
export function changesOf(entry: HistoryEntry, earlier: readonly HistoryEntry[]): Change[] {
  const since = earlier.findLast(({ row, date }) => row === entry.row && date < entry.date);
  if (since === undefined) return [];
  return entry.figures.flatMap((figure) => {
    const before = since.figures.find((past) => isSameAim(past, figure));
    if (before === undefined || (figure.against === undefined && since.machine !== entry.machine)) return [];
    const factor = figure.relation === 'at least' ? figure.value / before.value : before.value / figure.value;
    return Number.isFinite(factor) ? [{ row: entry.row, figure, betterPercent: (factor - 1) * 100, since }] : [];
  });
}

/** The changes for the worse by more than `percent`. */
export function regressionsOf(changes: readonly Change[], percent: number): Change[] {
  return changes.filter(({ betterPercent }) => betterPercent < -percent);
}

/** `4.2 % worse than at abc1234`. */
export function changeText({ betterPercent, since }: Change): string {
  const size = Math.abs(betterPercent).toFixed(1);
  const busy = since.isBusy ? ' (busy then)' : '';
  return `${size} % ${betterPercent < 0 ? 'worse' : 'better'} than at ${since.revision}${busy}`;
}

function isSameAim(one: PastFigure, other: PastFigure): boolean {
  return (
    one.variant === other.variant &&
    one.figure === other.figure &&
    one.against === other.against &&
    one.relation === other.relation
  );
}
