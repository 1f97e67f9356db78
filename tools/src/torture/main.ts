/**
 * `npx nx run tools:torture -- --minutes 15 --report torture.md`: real programs that are killed, stopped, cut off and robbed of
 * their disks, and a check that nothing was lost (`--help` tells more).
 */
import { withReport, writeReport } from '../docs/report.ts';
import { exitCodeOf } from '../ending/exit-code.ts';
import { listenForInterruption } from '../ending/interruption.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { runCampaign } from './campaign.ts';
import { TORTURE_HELP, parseTortureOptions, type TortureOptions } from './options.ts';
import { programsOf, type Programs } from './programs.ts';
import { reportPage, reportText, roundLines, tortureReport } from './report.ts';

const EXIT_UNAVAILABLE = 69;

interface TorturePlan {
  readonly options: TortureOptions;
  readonly programs: Programs;
}

const args = process.argv.slice(2);
const plan = optionsOrHelp(TORTURE_HELP, () => {
  const options = parseTortureOptions(args);
  return options && { programs: programsOf(options), options: withReport(options) };
});
if (plan !== undefined) process.exitCode = await torture(plan);

async function torture({ options, programs }: TorturePlan): Promise<number> {
  // A second one is ignored: what a round has mounted, stopped and cut off takes its time to be undone.
  const interruption = listenForInterruption('ignore');
  if (!options.json) console.log(programs.told);
  const result = await runCampaign(options, programs, {
    signal: interruption.signal,
    onRound: (round) => options.json || console.log(roundLines(round)),
  });
  const report = tortureReport(options, programs, result);
  console.log(options.json ? JSON.stringify(report) : reportText(report));
  const isWritten = await writeReport(options.report, () => reportPage(report, args));
  if (result.rounds.length === 0 && !result.interrupted) return EXIT_UNAVAILABLE;
  return exitCodeOf({ isOk: report.failures.length === 0, isWritten, interruption });
}
