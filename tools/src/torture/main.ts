/**
 * `npx nx run tools:torture -- --minutes 15 --report torture.md`: real programs that are killed, stopped, cut off and robbed of
 * their disks, and a check that nothing was lost (`--help` tells more).
 */
import { runCampaign } from './campaign.ts';
import { TORTURE_HELP, parseTortureOptions, type TortureOptions } from './options.ts';
import { programsOf } from './programs.ts';
import { reportText, roundLines, tortureReport, writeReport } from './report.ts';

const EXIT_FAULT = 1;
const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 69;

const args = process.argv.slice(2);
try {
  const options = parseTortureOptions(args);
  if (options === undefined) console.log(TORTURE_HELP);
  else process.exitCode = await torture(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${TORTURE_HELP}`);
  process.exitCode = EXIT_USAGE;
}

async function torture(options: TortureOptions): Promise<number> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const programs = programsOf(options);
  if (!options.json) console.log(programs.told);
  const result = await runCampaign(options, programs, {
    signal: stop.signal,
    onRound: (round) => options.json || console.log(roundLines(round)),
  });
  const report = tortureReport(options, programs, result);
  if (options.report !== undefined) await writeReport(options.report, report, args);
  console.log(options.json ? JSON.stringify(report) : reportText(report));
  if (result.rounds.length === 0 && !result.interrupted) return EXIT_UNAVAILABLE;
  return report.ok ? 0 : EXIT_FAULT;
}
