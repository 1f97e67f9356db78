/** Arguments of the torture. */
import { knownOptions, numberWithin, wholeWithin } from '../options/known-options.ts';
import type { ProgramFiles } from './programs.ts';
import { GROUPS, type GroupName } from './groups.ts';

export interface TortureOptions extends ProgramFiles {
  /** New rounds begin for so long; undefined where their number is given. */
  readonly minutes: number | undefined;
  readonly rounds: number | undefined;
  /** Of each round; undefined leaves it to the seed. */
  readonly faults: number | undefined;
  readonly only: readonly GroupName[];
  readonly seed: number;
  /** How long things may take to get going again when a fault is over. */
  readonly patienceSeconds: number;
  readonly report: string | undefined;
  readonly json: boolean;
}

const SEED_MAX = 0xffff_0000;
/** A round takes longer: there is one in any case. */
const MINUTES_MIN = 0.01;
const MINUTES_MAX = 10_080;
const ROUNDS_MAX = 1_000_000;
const FAULTS_MAX = 1_000;
const MINUTES_DEFAULT = '5';
const PATIENCE_DEFAULT = '120';
const PATIENCE_MAX = 86_400;

const groupLines = Object.entries(GROUPS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);

export const TORTURE_HELP = `Kills, stops and cuts off real servers and agents, robs them of their disks, and checks that nothing was lost.

  npx nx run tools:torture -- [options]

  --minutes N      rounds begin for so long (${MINUTES_DEFAULT})
  --rounds N       so many rounds instead
  --faults N       faults of each round (3 to 6, by the seed)
  --only LIST      some of kill,network,proxy,disk,power,redis (all that this machine can do, in turn)
  --seed N         which faults, when, and for how long: round k of seed N is round 0 of seed N + k (1)
  --patience N     seconds in which things have to get going again when a fault is over (${PATIENCE_DEFAULT})
  --server FILE    the program of the server (packages/server/dist/main.js; its sources where that is not built)
  --agent FILE     the program of the agents (packages/agent/dist/main.js; likewise)
  --source         the sources of both, also where something is built
  --report FILE    a report of one page, in Markdown
  --json           the report as one JSON line

Groups:

${groupLines.join('\n')}

What this machine cannot do (no root, no redis-server) is said and not counted as passed. Everything happens in temporary folders
and on the loopback interface. Ctrl-C and SIGTERM end it, with the report of what was done. Exit code 1: something was lost, came
wrong or not at all; what the programs said is kept then, and the report says where. 69: nothing could be done; 74: the report could not be
written; 130, 143: interrupted.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parseTortureOptions(args: readonly string[]): TortureOptions | undefined {
  const values = knownOptions(args, {
    minutes: { type: 'string' },
    rounds: { type: 'string' },
    faults: { type: 'string' },
    only: { type: 'string' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: PATIENCE_DEFAULT },
    server: { type: 'string' },
    agent: { type: 'string' },
    source: { type: 'boolean', default: false },
    report: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  const { minutes, rounds, server, agent, source, report, json } = values;
  if (minutes !== undefined && rounds !== undefined) throw new TypeError('--minutes and --rounds exclude each other');
  if (source && (server ?? agent) !== undefined) throw new TypeError('--source does not go with --server or --agent');
  return {
    minutes:
      rounds === undefined
        ? numberWithin('minutes', minutes ?? MINUTES_DEFAULT, { min: MINUTES_MIN, max: MINUTES_MAX })
        : undefined,
    rounds: wholeOf('rounds', rounds, ROUNDS_MAX),
    faults: wholeOf('faults', values.faults, FAULTS_MAX),
    only: values.only === undefined ? (Object.keys(GROUPS) as GroupName[]) : groupsOf(values.only),
    seed: wholeWithin('seed', values.seed, { min: 0, max: SEED_MAX }),
    patienceSeconds: numberWithin('patience', values.patience, { min: 1, max: PATIENCE_MAX }),
    server,
    agent,
    source,
    report,
    json,
  };
}

function wholeOf(option: string, text: string | undefined, max: number): number | undefined {
  return text === undefined ? undefined : wholeWithin(option, text, { min: 1, max });
}

function groupsOf(list: string): readonly GroupName[] {
  const names = list.split(',').map((name) => name.trim());
  const known = Object.keys(GROUPS) as GroupName[];
  for (const name of names)
    if (!known.some((each) => each === name))
      throw new TypeError(`--only expected some of ${known.join(', ')}, got "${name}"`);
  return known.filter((name) => names.includes(name));
}
