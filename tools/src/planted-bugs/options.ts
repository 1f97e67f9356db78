/** Arguments of the planted bugs. */
import { knownOptions, wholeWithin } from '../options/known-options.ts';

export interface PlantedBugsOptions {
  /** Undefined for every one. */
  readonly bug: string | undefined;
  readonly list: boolean;
  /** Bugs that are tested at one time, each in its own copy of the sources. */
  readonly jobs: number;
  /** A commit whose sources are taken; undefined for those of the work tree. */
  readonly ref: string | undefined;
  readonly report: string | undefined;
}

const JOBS_MAX = 16;

export const PLANTED_BUGS_HELP = `Builds variants of the sources with one known bug each, and requires the tests to see every one.

  npx nx run tools:planted-bugs -- [options]

  --bug NAME     only this one
  --list         names the bugs and what they break, and ends
  --jobs N       bugs at one time, each in a copy of the sources of its own (2)
  --ref COMMIT   the sources of a commit in place of the work tree
  --report PATH  writes a report in Markdown

Without its bug every test file has to pass. Exit code 1: a bug was not seen, or does not apply any more.
`;

/** @returns undefined when the help was asked for. @throws TypeError for an argument that is not understood. */
export function parsePlantedBugsOptions(args: readonly string[]): PlantedBugsOptions | undefined {
  const values = knownOptions(args, {
    bug: { type: 'string' },
    list: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    ref: { type: 'string' },
    report: { type: 'string' },
    help: { type: 'boolean', default: false },
  });
  if (values.help) return undefined;
  const { bug, list, ref, report } = values;
  const jobs = wholeWithin('jobs', values.jobs, { min: 1, max: JOBS_MAX });
  return { bug, list, jobs, ref, report };
}
