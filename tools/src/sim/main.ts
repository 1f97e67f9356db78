/**
 * `npx nx run tools:sim -- --seed 7`: servers, agents, networks and disks in one process, from one seed, with faults
 * (`--help` tells more).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { format } from 'prettier';
import { SIM_HELP, parseSimOptions, type SimOptions } from './options.ts';
import { campaignPage, campaignText, failureText, runLine } from './run/report-text.ts';
import { runMany } from './run/run-many.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** Among many runs, a word is said after so many. */
const RUNS_TOLD = 100;

const options = optionsOf(process.argv.slice(2));
// What a world leaves behind must not keep the process.
if (options !== undefined) process.exit(await simulate(options));

/** @returns undefined when there is nothing to do. */
function optionsOf(args: readonly string[]): SimOptions | undefined {
  try {
    const parsed = parseSimOptions(args);
    if (parsed === undefined) console.log(SIM_HELP);
    return parsed;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${SIM_HELP}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}

async function simulate(options: SimOptions): Promise<number> {
  let runs = 0;
  const campaign = await runMany(options, (result) => {
    runs += 1;
    if (options.showsTrace) console.log(result.trace.join('\n'));
    if (options.showsTrace || runs % RUNS_TOLD === 0) console.log(runLine(result));
  });
  const { failed } = campaign;
  if (failed !== undefined) console.log(failureText(failed, options));
  console.log(campaignText(campaign));
  if (options.report !== undefined) await write(options.report, campaignPage(campaign, commandOf(), new Date()));
  return failed === undefined ? 0 : EXIT_FAILED;
}

function commandOf(): string {
  return ['npx nx run tools:sim --', ...process.argv.slice(2)].join(' ');
}

async function write(path: string, text: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, await format(text, { parser: 'markdown', printWidth: 120 }));
}
