/** The bench: rows, runs, report. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCertificates } from './certificates.ts';
import { formatted } from '../docs/formatted.ts';
import { writePage } from '../docs/write-page.ts';
import { describeEnvironment } from './environment.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { BENCH_HELP, OUTPUT_DEFAULT, parseBenchOptions, type BenchOptions } from './options.ts';
import { appendHistory, changeText, changesOf, entryOf, readHistory, regressionsOf } from './report/history.ts';
import { markdownOf } from './report/markdown.ts';
import { plotOf } from './report/plot.ts';
import { mergeReports, type RowReport } from './report/report.ts';
import { tableOf } from './report/table.ts';
import { allSeries, type RunSettings } from './rows/index.ts';
import { runSeries } from './runner.ts';

const GIBIBYTE = 2 ** 30;
const MEBIBYTE = 2 ** 20;

/** Measures what the arguments ask for, prints the table and writes the report. */
export async function runBench(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(BENCH_HELP, () => parseBenchOptions(args));
  if (options === undefined) return;
  const certificates = makeCertificates();
  const settings = settingsOf(options, certificates);
  const rows: RowReport[] = [];
  const before = readHistory(options.output ?? OUTPUT_DEFAULT);
  try {
    for (const row of options.rows) {
      const measured = await measureRow(row, options, settings);
      rows.push(measured);
      // After every row: a run that is cut short keeps what it has.
      if (options.output !== undefined) await writeReport(options.output, measured);
    }
  } finally {
    certificates?.remove();
  }
  console.log(tableOf(rows));
  if (options.quick) console.log('\nQuick run: it shows that the bench works, not how fast anything is.');
  if (options.output !== undefined) console.log(`\nwritten to ${options.output}`);
  const changes = rows.flatMap((row) => changesOf(entryOf(row), before));
  for (const change of regressionsOf(changes, options.failOnRegression ?? Infinity)) {
    const { row, figure } = change;
    const against = figure.against === undefined ? '' : ` against ${figure.against}`;
    console.error(`regression: ${row} ${figure.variant}: ${figure.figure}${against}: ${changeText(change)}`);
    process.exitCode = 1;
  }
}

async function measureRow(row: string, { runs, only }: BenchOptions, settings: RunSettings): Promise<RowReport> {
  const environment = describeEnvironment();
  const wanted = allSeries.filter((one) => one.row === row && (only === undefined || one.variant.includes(only)));
  const series = [];
  for (const one of wanted) series.push(await runSeries(one, runs, settings));
  const { seconds, bulkBytes, manyConnections, idleConnections, startsPerRun } = settings;
  const sizes: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    P3: { seconds, manyConnections },
    P4: { bulkMiB: bulkBytes / MEBIBYTE },
    P6: { idleConnections },
    P10: { startsPerRun },
  };
  return { row, environment, settings: { runs, ...(sizes[row] ?? { seconds }) }, series };
}

function settingsOf({ quick, seconds, profile }: BenchOptions, certificates: RunSettings['certificates']): RunSettings {
  return {
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
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'latest.json');
  const report = mergeReports(path, [row]);
  appendHistory(directory, entryOf(row));
  writeFileSync(path, await formatted(path, JSON.stringify(report)));
  await writePage(join(directory, 'README.md'), markdownOf(report, readHistory(directory)));
  writeFileSync(join(directory, 'ratios.svg'), plotOf(report));
}
