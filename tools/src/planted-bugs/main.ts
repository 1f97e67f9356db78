/**
 * `npx nx run tools:planted-bugs`: would the tests notice? Plants known bugs, one at a time, and requires a test to fail for
 * each (`--help` tells more).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { suggest } from '@sealane/node/config';
import { format } from 'prettier';
import { BugHunt, type HuntedBug } from './bug-hunt.ts';
import { BUGS } from './bugs/index.ts';
import { PLANTED_BUGS_HELP, parsePlantedBugsOptions, type PlantedBugsOptions } from './options.ts';
import type { PlantedBug } from './planted-bug.ts';
import { hunterLine, reportPage } from './report-text.ts';

const EXIT_NOT_SEEN = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;
const MINUTE_MS = 60_000;

try {
  const options = parsePlantedBugsOptions(process.argv.slice(2));
  if (options === undefined) console.log(PLANTED_BUGS_HELP);
  else process.exitCode = await hunt(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${PLANTED_BUGS_HELP}`);
  process.exitCode = EXIT_USAGE;
}

async function hunt(options: PlantedBugsOptions): Promise<number> {
  const bugs = chosen(options.bug);
  if (options.list) {
    console.log(bugs.map(({ name, breaks }) => `${name.padEnd(34)} ${breaks}`).join('\n'));
    return 0;
  }
  const startedAt = performance.now();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const hunted = await new BugHunt((each) => console.log(hunterLine(each)), stop.signal).run(bugs, options);
  if (stop.signal.aborted) return EXIT_INTERRUPTED;
  const missed = hunted.filter(({ verdict }) => verdict !== 'seen' && verdict !== 'left out');
  console.log(`\n${hunted.length} bugs, ${missed.length} not as they should be`);
  if (options.report !== undefined) await writeReport(options.report, hunted, startedAt);
  return missed.length > 0 ? EXIT_NOT_SEEN : 0;
}

async function writeReport(file: string, hunted: readonly HuntedBug[], startedAt: number): Promise<void> {
  const minutes = (performance.now() - startedAt) / MINUTE_MS;
  mkdirSync(dirname(file), { recursive: true });
  const page = reportPage(hunted, { minutes, now: new Date() });
  writeFileSync(file, await format(page, { parser: 'markdown', printWidth: 120 }));
}

/** @throws TypeError for a name that no bug has. */
function chosen(name: string | undefined): readonly PlantedBug[] {
  if (name === undefined) return BUGS;
  const found = BUGS.filter((bug) => bug.name === name);
  if (found.length > 0) return found;
  const meant = suggest(
    name,
    BUGS.map((bug) => bug.name),
  );
  throw new TypeError(`There is no bug "${name}"${meant === undefined ? '' : `: did you mean ${meant}?`}`);
}
