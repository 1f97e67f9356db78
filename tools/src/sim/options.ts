/** Arguments of the simulator. */
import { knownOptions, numberWithin, wholeWithin } from '../options/known-options.ts';
import { PLANTED_BUGS, type PlantedBug } from './planted/planted-bug.ts';

export interface SimOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** Goes on with further seeds until this much time is over; 0 runs `seeds`. */
  readonly hours: number;
  /** Shows the whole trace of each run. */
  readonly showsTrace: boolean;
  /** A bug in the product, to see that it is found. */
  readonly bug: PlantedBug | undefined;
  readonly report: string | undefined;
}

const SEED_MAX = 0xffff_ffff;
const SEEDS_MAX = 100_000_000;
const HOURS_MAX = 1_000;
/** Options of many runs. */
const OF_MANY = ['seeds', 'first-seed', 'hours'] as const;

export const SIM_HELP = `Runs whole worlds of servers, agents, networks and disks, each from one seed, and checks what must always hold.

  npx nx run tools:sim -- [options]

  --seed N         one run, with its whole trace; the same seed gives the same trace. Not with --seeds, --first-seed, --hours
  --seeds COUNT    so many runs, one after the other (100)
  --first-seed N   the seed of the first (1)
  --hours H        runs until this much time is over, whatever --seeds says
  --trace          shows the trace of each run, also of many
  --bug NAME       with a bug planted: ${PLANTED_BUGS.join(', ')}
  --report PATH    writes a report in Markdown

Exit code 1: a run failed; its seed, what is wrong and the end of its trace are shown.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseSimOptions(args: readonly string[]): SimOptions | undefined {
  const values = knownOptions(args, {
    seed: { type: 'string' },
    seeds: { type: 'string' },
    'first-seed': { type: 'string' },
    hours: { type: 'string' },
    trace: { type: 'boolean', default: false },
    bug: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  const { seed } = values;
  const isOne = seed !== undefined;
  const other = OF_MANY.find((option) => values[option] !== undefined);
  if (isOne && other !== undefined) throw new TypeError(`--seed and --${other} exclude each other`);
  return {
    firstSeed: isOne ? seedOf('seed', seed) : seedOf('first-seed', values['first-seed'] ?? '1'),
    seeds: isOne ? 1 : wholeWithin('seeds', values.seeds ?? '100', { min: 1, max: SEEDS_MAX }),
    hours: numberWithin('hours', values.hours ?? '0', { min: 0, max: HOURS_MAX }),
    showsTrace: isOne || values.trace,
    bug: bugOf(values.bug),
    report: values.report,
  };
}

/** As reports write it: no other spelling of a number is a seed. */
function seedOf(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new TypeError(`--${option} expected a whole number in decimal digits, got "${text}"`);
  return wholeWithin(option, text, { min: 0, max: SEED_MAX });
}

function bugOf(name: string | undefined): PlantedBug | undefined {
  if (name === undefined) return undefined;
  const bug = PLANTED_BUGS.find((each) => each === name);
  if (bug === undefined) throw new TypeError(`--bug expected one of ${PLANTED_BUGS.join(', ')}, got "${name}"`);
  return bug;
}
