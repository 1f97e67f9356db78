/**
 * `npx nx run tools:planted-bugs`: would the tests notice? Plants known bugs, one at a time, and requires a test to fail for
 * each (`--help` tells more).
 */
import { writePage } from '../docs/write-page.ts';
import { allOrNamed } from '../options/known-options.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { BugHunt, type HuntedBug } from './bug-hunt.ts';
import { BUGS } from './bugs/index.ts';
import { PLANTED_BUGS_HELP, parsePlantedBugsOptions, type PlantedBugsOptions } from './options.ts';
import { hunterLine, reportPage } from './report-text.ts';
import { commitOf } from './source-copy.ts';

const EXIT_NOT_SEEN = 1;
const EXIT_INTERRUPTED = 130;
const MINUTE_MS = 60_000;

const options = optionsOrHelp(PLANTED_BUGS_HELP, () => parsePlantedBugsOptions(process.argv.slice(2)));
if (options !== undefined) process.exitCode = await hunt(options);

async function hunt(options: PlantedBugsOptions): Promise<typeof process.exitCode> {
  const { bugs, ref } = optionsOrHelp(PLANTED_BUGS_HELP, () => namedIn(options)) ?? {};
  if (bugs === undefined) return process.exitCode;
  if (options.list) {
    console.log(bugs.map(({ name, breaks }) => `${name.padEnd(34)} ${breaks}`).join('\n'));
    return 0;
  }
  const startedAt = performance.now();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const hunted = await new BugHunt((each) => console.log(hunterLine(each)), stop.signal).run(bugs, {
    jobs: options.jobs,
    ref,
  });
  if (stop.signal.aborted) return EXIT_INTERRUPTED;
  const missed = hunted.filter(({ verdict }) => verdict !== 'seen' && verdict !== 'left out');
  console.log(`\n${hunted.length} bugs, ${missed.length} not as they should be`);
  if (options.report !== undefined) await writeReport(options.report, hunted, startedAt);
  return missed.length > 0 ? EXIT_NOT_SEEN : 0;
}

/** What the words of a command line stand for. @throws TypeError for a bug or a commit that is not there. */
function namedIn({ bug, ref }: PlantedBugsOptions) {
  return { bugs: allOrNamed('bug', BUGS, bug), ref: ref === undefined ? undefined : commitOf(ref) };
}

async function writeReport(file: string, hunted: readonly HuntedBug[], startedAt: number): Promise<void> {
  const minutes = (performance.now() - startedAt) / MINUTE_MS;
  await writePage(file, reportPage(hunted, { minutes, now: new Date() }));
}
