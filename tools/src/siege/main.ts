/**
 * `npx nx run tools:siege -- --report docs/proof/memory.md`: hostile peers in numbers against a server with little memory,
 * and agents that must not notice (`--help` tells more). Also the entry of its process (`besieger`).
 */
import type { SiegePlan } from './besieger.ts';
import { SIEGE_HELP, parseSiegeOptions, type SiegeOptions } from './options.ts';

const EXIT_NOTICED = 1;
const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 69;
const EXIT_INTERRUPTED = 130;

if (process.argv[2] === 'besieger') {
  (await import('./besieger.ts')).besiege(JSON.parse(process.argv[3] ?? '{}') as SiegePlan);
} else await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = optionsOf(args);
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
    if (options.report !== undefined) await reportPage(options.report, report, args);
    console.log(options.json ? JSON.stringify(report) : reportText(report));
    process.exitCode = report.ok ? 0 : EXIT_NOTICED;
  } catch (error) {
    if (!(error instanceof NoSiegeError)) throw error;
    console.error(error.message);
    if (options.json) console.log(JSON.stringify({ event: 'error', message: error.message }));
    process.exitCode = EXIT_UNAVAILABLE;
  }
}

/** @returns undefined when there is nothing to do. */
function optionsOf(args: readonly string[]): SiegeOptions | undefined {
  try {
    const options = parseSiegeOptions(args);
    if (options === undefined) console.log(SIEGE_HELP);
    return options;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${SIEGE_HELP}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}
