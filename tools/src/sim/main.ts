/**
 * `npx nx run tools:sim -- --seed 7`: servers, agents, networks and disks in one process, from one seed, with faults
 * (`--help` tells more).
 */
import { withReport, writeReport } from '../docs/report.ts';
import { exitCodeOf } from '../ending/exit-code.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { SIM_HELP, parseSimOptions, type SimOptions } from './options.ts';
import { campaignPage, campaignText, failureText, runLine } from './run/report-text.ts';
import { runMany } from './run/run-many.ts';

/** Among many runs, a word is said after so many. */
const RUNS_TOLD = 100;

const options = optionsOrHelp(SIM_HELP, () => withReport(parseSimOptions(process.argv.slice(2))));
if (options !== undefined) await endWith(await simulate(options));

/** What a world leaves behind must not keep the process; what was said must be out before it ends, also through a pipe. */
async function endWith(code: number): Promise<never> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  process.exit(code);
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
  const isWritten = await writeReport(options.report, () => campaignPage(campaign, commandOf(), new Date()));
  return exitCodeOf({ isOk: failed === undefined, isWritten });
}

function commandOf(): string {
  return ['npx nx run tools:sim --', ...process.argv.slice(2)].join(' ');
}
