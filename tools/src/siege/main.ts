/**
 * `npx nx run tools:siege -- --report docs/proof/memory.md`: hostile peers in numbers against a server with little memory,
 * and agents that must not notice (`--help` tells more). Also the entry of its process (`besieger`).
 */
import type { SiegePlan } from './besieger.ts';
import { writePage } from '../docs/write-page.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { SIEGE_HELP, parseSiegeOptions } from './options.ts';

const EXIT_NOTICED = 1;
const EXIT_UNAVAILABLE = 69;
const EXIT_INTERRUPTED = 130;

if (process.argv[2] === 'besieger') {
  (await import('./besieger.ts')).besiege(JSON.parse(process.argv[3] ?? '{}') as SiegePlan);
} else await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(SIEGE_HELP, () => parseSiegeOptions(args));
  if (options === undefined) return;
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
    stop.abort();
  });
  const { laySiege, NoSiegeError } = await import('./siege.ts');
  try {
    const result = await laySiege(options, stop.signal);
    const { siegeReport, reportPage, reportText } = await import('./report.ts');
    const report = siegeReport(options, result);
    if (options.report !== undefined) await writePage(options.report, reportPage(report, args));
    console.log(options.json ? JSON.stringify(report) : reportText(report));
    process.exitCode = report.ok ? 0 : EXIT_NOTICED;
  } catch (error) {
    if (!(error instanceof NoSiegeError)) throw error;
    console.error(error.message);
    if (options.json) console.log(JSON.stringify({ event: 'error', message: error.message }));
    process.exitCode = EXIT_UNAVAILABLE;
  }
}
