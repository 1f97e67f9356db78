/** Arguments of the bench. */
import { knownOptions } from '../options/known-options.ts';

export const ROW_NAMES = [
  'P1',
  'P2',
  'P3',
  'P4',
  'P5',
  'P6',
  'P7',
  'P8',
  'P9',
  'P10',
  'P11',
  'M1',
  'M2',
  'M3',
] as const;
export type RowName = (typeof ROW_NAMES)[number];

/** How much is measured. */
export interface BenchOptions {
  readonly rows: readonly RowName[];
  readonly runs: number;
  /** Measured time of one run; as much again is spent on warming up before it. */
  readonly seconds: number;
  /** Small numbers everywhere: shows that the bench works, says nothing about speed. */
  readonly quick: boolean;
  /** Where the report goes; undefined writes none. */
  readonly output: string | undefined;
  /** Directory for CPU profiles of Sealane's server process. */
  readonly profile: string | undefined;
  /** Only these series, by a part of their variant. */
  readonly only: string | undefined;
  /** Percent by which a figure may be worse than in the record run before; undefined lets everything pass. */
  readonly failOnRegression: number | undefined;
}

/** Where the record is. */
export const OUTPUT_DEFAULT = 'docs/benchmarks';

const OPTIONS = {
  rows: { type: 'string', default: ROW_NAMES.join(',') },
  runs: { type: 'string' },
  seconds: { type: 'string' },
  quick: { type: 'boolean', default: false },
  output: { type: 'string' },
  profile: { type: 'string' },
  only: { type: 'string' },
  'fail-on-regression': { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

export const BENCH_HELP = `Measures Sealane beside its peers in the same run, and keeps the record in ${OUTPUT_DEFAULT}.

  npx nx run tools:bench -- [options]

  --rows LIST               some of ${ROW_NAMES.join(',')} (all)
  --runs N                  runs of every series; the medians are reported (5)
  --seconds S               measured time of a run, and as much to warm up (3)
  --quick                   small numbers: shows that the bench works, not how fast anything is
  --only TEXT               only series whose variant has this in its name
  --profile DIRECTORY       CPU profiles of Sealane's servers; no record
  --output DIRECTORY        where the report goes (the record, unless quick, partial or profiled)
  --fail-on-regression PCT  exit code 1 when a figure is worse by so many percent than in the record before

Ctrl-C and SIGTERM end it with 130 and 143; rows that were measured are in the report. Exit code 74: the report could not be written.

M rows: BENCH_LIBSIGNAL names a folder in which @signalapp/libsignal-client is installed, where it is to be a peer.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const values = knownOptions(args, OPTIONS);
  if (values.help) return undefined;
  const { quick, profile, only, 'fail-on-regression': percent } = values;
  // A quick or partial look is not the record.
  const isRecord = !quick && profile === undefined && only === undefined;
  return {
    rows: values.rows.split(',').map(rowName),
    runs: numberOf('runs', values.runs ?? (quick ? '2' : '5')),
    seconds: numberOf('seconds', values.seconds ?? (quick ? '0.5' : '3')),
    quick,
    output: values.output ?? (isRecord ? OUTPUT_DEFAULT : undefined),
    profile,
    only,
    failOnRegression: percent === undefined ? undefined : numberOf('fail-on-regression', percent),
  };
}

function rowName(text: string): RowName {
  const name = ROW_NAMES.find((row) => row === text.trim().toUpperCase());
  if (name === undefined) throw new TypeError(`--rows expected some of ${ROW_NAMES.join(',')}, got "${text}"`);
  return name;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new TypeError(`--${option} expected a number above 0, got "${text}"`);
}
