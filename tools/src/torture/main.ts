/**
 * `npx nx run tools:torture -- --minutes 15 --report torture.md`: real programs that are killed, stopped, cut off and robbed of
 * their disks, and a check that nothing was lost (`--help` tells more).
 */
import { writePage } from '../docs/write-page.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { runCampaign } from './campaign.ts';
import { TORTURE_HELP, parseTortureOptions, type TortureOptions } from './options.ts';
import { programsOf, type Programs } from './programs.ts';
import { reportPage, reportText, roundLines, tortureReport } from './report.ts';

const EXIT_FAULT = 1;
const EXIT_UNAVAILABLE = 69;

interface TorturePlan {
  readonly options: TortureOptions;
  readonly programs: Programs;
}

const args = process.argv.slice(2);
const plan = optionsOrHelp(TORTURE_HELP, () => {
  const options = parseTortureOptions(args);
  return options && { options, programs: programsOf(options) };
});
if (plan !== undefined) process.exitCode = await torture(plan);

async function torture({ options, programs }: TorturePlan): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  if (!options.json) console.log(programs.told);
  const result = await runCampaign(options, programs, {
    signal: stop.signal,
    onRound: (round) => options.json || console.log(roundLines(round)),
  });
  const report = tortureReport(options, programs, result);
  if (options.report !== undefined) await writePage(options.report, reportPage(report, args));
  console.log(options.json ? JSON.stringify(report) : reportText(report));
  if (result.rounds.length === 0 && !result.interrupted) return EXIT_UNAVAILABLE;
  return report.ok ? 0 : EXIT_FAULT;
}
