/** The bench: rows, runs, report. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { formatted } from '../docs/formatted.ts';
import { makeDirectories } from '@sealane/node/keys';
import { checkWritable } from '../docs/report.ts';
import { writePage } from '../docs/write-page.ts';
import { EXIT_FAILED, EXIT_STORAGE } from '../ending/exit-code.ts';
import { listenForInterruption } from '../ending/interruption.ts';
import { describeEnvironment } from './environment.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { BENCH_HELP, OUTPUT_DEFAULT, parseBenchOptions, type BenchOptions } from './options.ts';
import { Child } from './processes/child.ts';
import { appendHistory, changeText, changesOf, entryOf, readHistory, regressionsOf } from './report/history.ts';
import { markdownOf } from './report/markdown.ts';
import { plotOf } from './report/plot.ts';
import { mergeReports, type RowReport } from './report/report.ts';
import { tableOf } from './report/table.ts';
import { allSeries, type RunSettings, type Series } from './rows/index.ts';
import { runSeries } from './runner.ts';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;

const LATEST = 'latest.json';

/** Measures what the arguments ask for, prints the table and writes the report. */
export async function runBench(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(BENCH_HELP, () => checked(parseBenchOptions(args)));
  if (options === undefined) return;
  const interruption = listenForInterruption();
  const { signal } = interruption;
  const interrupted = once(signal, 'abort');
  const certificates = makeCertificates();
  const before = readHistory(options.output ?? OUTPUT_DEFAULT);
  const rows: RowReport[] = [];
  const measuring = measureRows(options, settingsOf(options, { certificates, signal }), rows);
  // Of what is interrupted nobody asks any more how it ended.
  measuring.catch(() => undefined);
  try {
    await Promise.race([measuring, interrupted]);
    if (rows.length > 0) console.log(tableOf(rows));
    if (signal.aborted) {
      console.log(`Interrupted: ${rows.length} of ${options.rows.length} rows were measured.`);
      await Child.endAll();
      process.exit(interruption.exitCode);
    }
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    console.log(tableOf(rows));
    console.error(error.message);
    process.exitCode = EXIT_STORAGE;
    return;
  } finally {
    certificates?.remove();
  }
  if (options.quick) console.log('\nQuick run: it shows that the bench works, not how fast anything is.');
  if (options.output !== undefined) console.log(`\nwritten to ${options.output}`);
  const changes = rows.flatMap((row) => changesOf(entryOf(row), before));
  for (const change of regressionsOf(changes, options.failOnRegression ?? Infinity)) {
    const { row, figure } = change;
    const against = figure.against === undefined ? '' : ` against ${figure.against}`;
    console.error(`regression: ${row} ${figure.variant}: ${figure.figure}${against}: ${changeText(change)}`);
    process.exitCode = EXIT_FAILED;
  }
}

/** @throws TypeError where nothing would be measured, and where the record could not be written. */
function checked(options: BenchOptions | undefined): BenchOptions | undefined {
  if (options === undefined) return undefined;
  const { only, output } = options;
  // A row of which nothing is wanted is none: it would take the place of what is recorded of it.
  const rows = options.rows.filter((row) => seriesOf(row, only).length > 0);
  if (rows.length === 0) {
    const variants = options.rows.flatMap((row) => seriesOf(row).map(({ variant }) => `${row} "${variant}"`));
    throw new TypeError(`--only ${only ?? ''}: no series has this in its name; there are ${variants.join(', ')}`);
  }
  if (output !== undefined) checkWritable('output', join(output, LATEST));
  return { ...options, rows };
}

/** The record could not be written. */
class RecordError extends Error {}

/** @param rows gets those that are measured, one by one: a run that is cut short keeps what it has. */
async function measureRows(options: BenchOptions, settings: RunSettings, rows: RowReport[]): Promise<void> {
  for (const row of options.rows) {
    const measured = await measureRow(row, options, settings);
    rows.push(measured);
    if (options.output === undefined) continue;
    try {
      await writeReport(options.output, measured);
    } catch (error) {
      throw new RecordError(`The record could not be written: ${(error as Error).message}`, { cause: error });
    }
  }
}

function seriesOf(row: string, only?: string): readonly Series[] {
  return allSeries.filter((one) => one.row === row && (only === undefined || one.variant.includes(only)));
}

async function measureRow(row: string, { runs, only }: BenchOptions, settings: RunSettings): Promise<RowReport> {
  const environment = describeEnvironment();
  const series = [];
  for (const one of seriesOf(row, only)) series.push(await runSeries(one, runs, settings));
  const { seconds, bulkBytes, manyConnections, idleConnections, startsPerRun } = settings;
  const sizes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    P3: { seconds, manyConnections },
    P4: { bulkMiB: bulkBytes / MEBIBYTE },
    P6: { idleConnections },
    P10: { startsPerRun },
  };
  return { row, environment, settings: { runs, ...(sizes[row] ?? { seconds }) }, series };
}

function settingsOf(
  { quick, seconds, profile }: BenchOptions,
  { certificates, signal }: Pick<RunSettings, 'certificates' | 'signal'>,
): RunSettings {
  return {
    signal,
    seconds,
    // Measured: code that runs once a request is fully optimised only after some 100,000 of them.
    warmUpSeconds: seconds,
    certificates,
    profileDirectory: profile,
    bulkBytes: quick ? 64 * MEBIBYTE : GIBIBYTE,
    manyConnections: quick ? 50 : 1_000,
    idleConnections: quick ? 200 : 10_000,
    // Two heartbeats.
    idleSettleMs: quick ? 500 : 11_000,
    startsPerRun: quick ? 2 : 10,
    waitingMax: quick ? 20_000 : 1_000_000,
  };
}

async function writeReport(directory: string, row: RowReport): Promise<void> {
  makeDirectories(directory);
  const path = join(directory, LATEST);
  const report = mergeReports(path, [row]);
  appendHistory(directory, entryOf(row));
  writeFileSync(path, await formatted(path, JSON.stringify(report)));
  await writePage(join(directory, 'README.md'), markdownOf(report, readHistory(directory)));
  writeFileSync(join(directory, 'ratios.svg'), plotOf(report));
}
