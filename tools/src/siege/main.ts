/**
 * `npx nx run tools:siege -- --report docs/proof/memory.md`: hostile peers in numbers against a server with little memory,
 * and agents that must not notice (`--help` tells more). Also the entry of its process (`besieger`).
 */
import type { SiegePlan } from './besieger.ts';
import { withReport, writeReport } from '../docs/report.ts';
import { exitCodeOf } from '../ending/exit-code.ts';
import { listenForInterruption } from '../ending/interruption.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { SIEGE_HELP, parseSiegeOptions, type SiegeOptions } from './options.ts';

const EXIT_UNAVAILABLE = 69;

if (process.argv[2] === 'besieger') {
  (await import('./besieger.ts')).besiege(JSON.parse(process.argv[3] ?? '{}') as SiegePlan);
} else await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(SIEGE_HELP, () => withReport(parseSiegeOptions(args)));
  if (options === undefined) return;
  const interruption = listenForInterruption();
  const { laySiege, NoSiegeError } = await import('./siege.ts');
  try {
    const result = await laySiege(options, interruption.signal);
    if (result === undefined) {
      sayFailure('interrupted before the siege began', options);
      process.exitCode = interruption.exitCode;
      return;
    }
    const { siegeReport, reportPage, reportText } = await import('./report.ts');
    const report = siegeReport(options, result);
    console.log(options.json ? JSON.stringify(report) : reportText(report));
    const isWritten = await writeReport(options.report, () => reportPage(report, args));
    process.exitCode = exitCodeOf({ isOk: report.ok, isWritten, interruption });
  } catch (error) {
    if (!(error instanceof NoSiegeError)) throw error;
    sayFailure(error.message, options);
    process.exitCode = EXIT_UNAVAILABLE;
  }
}

function sayFailure(message: string, { json }: SiegeOptions): void {
  console.error(message);
  if (json) console.log(JSON.stringify({ event: 'error', message }));
}
