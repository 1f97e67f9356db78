/** Arguments of the fuzzer. */
import { knownOptions, numberWithin, wholeWithin } from '../options/known-options.ts';

export interface FuzzOptions {
  /** For all decoders together. */
  readonly minutes: number;
  /** Undefined for every one. */
  readonly decoder: string | undefined;
  readonly seed: number;
  /** What is done: mutate for a while, or one of these instead. */
  readonly mode: 'mutate' | 'replay' | 'write-corpus' | 'list';
  /** One file instead of the whole corpus, for `replay`. */
  readonly file: string | undefined;
  readonly corpus: string;
  /** Module of decoders in place of those of the packages. */
  readonly decoders: string | undefined;
  readonly report: string | undefined;
}

const SEED_MAX = 0xffff_ffff;
const MINUTES_MAX = 10_080;

export const FUZZ_HELP = `Mutates inputs of every decoder, guided by coverage, and keeps what breaks one.

  npx nx run tools:fuzz -- [options]

  --minutes N      how long, for all decoders together (1)
  --decoder NAME   only this one
  --seed N         of the mutations: the same seed tries the same first inputs (1)
  --replay         gives every file of the corpus to its decoder and ends
  --file PATH      with --replay and --decoder: this file only
  --list           names the decoders and ends
  --write-corpus   makes the files of the corpus anew from valid inputs and their mutants; crash files stay
  --corpus PATH    folder of the corpus (tools/fixtures/corpus)
  --decoders PATH  a module that exports DECODERS, in place of packages/*/test/fuzz/decoders.ts
  --report PATH    writes a report in Markdown

Each input that breaks a decoder becomes a file "crash-…" of the corpus. Ctrl-C and SIGTERM end it early, with what was found. Exit code 1:
there was a crash; 74: the report could not be written; 130, 143: interrupted.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseFuzzOptions(args: readonly string[]): FuzzOptions | undefined {
  const values = knownOptions(args, {
    minutes: { type: 'string', default: '1' },
    decoder: { type: 'string' },
    seed: { type: 'string', default: '1' },
    replay: { type: 'boolean', default: false },
    file: { type: 'string' },
    list: { type: 'boolean', default: false },
    'write-corpus': { type: 'boolean', default: false },
    corpus: { type: 'string', default: 'tools/fixtures/corpus' },
    decoders: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  const modes = (['replay', 'list', 'write-corpus'] as const).filter((mode) => values[mode]);
  if (modes.length > 1) throw new TypeError(`--${modes.join(' and --')} exclude each other`);
  if (values.file !== undefined && (values.decoder === undefined || modes[0] !== 'replay'))
    throw new TypeError('--file needs --replay and --decoder');
  return {
    minutes: numberWithin('minutes', values.minutes, { min: 0, max: MINUTES_MAX }),
    decoder: values.decoder,
    seed: wholeWithin('seed', values.seed, { min: 0, max: SEED_MAX }),
    mode: modes[0] ?? 'mutate',
    file: values.file,
    corpus: values.corpus,
    decoders: values.decoders,
    report: values.report,
  };
}
