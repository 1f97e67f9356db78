/**
 * `npx nx run tools:load -- --agents 1000 --events-per-second 5000`: thousands of agents against one server, and a check
 * that nothing was lost (`--help` tells more). Also the entry of its processes (`worker`).
 */
import { optionsOrHelp } from '../options/options-or-help.ts';
import { LOAD_HELP, parseLoadOptions, type LoadOptions } from './options.ts';

const EXIT_LOSS = 1;
const EXIT_UNAVAILABLE = 69;
const EXIT_INTERRUPTED = 130;

if (process.argv[2] === 'worker') (await import('./agents/load-worker.ts')).runWorker();
else await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(LOAD_HELP, () => parseLoadOptions(args));
  if (options === undefined) return;
  const stop = new AbortController();
  process.on('SIGINT', () => {
    if (stop.signal.aborted) process.exit(EXIT_INTERRUPTED);
    stop.abort();
  });
  try {
    process.exitCode = options.demo ? await demo(options, stop.signal) : await load(options, stop.signal);
  } catch (error) {
    // Of a process of the load comes its stack, too: the first line says what it is.
    const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    console.error(message);
    if (options.json) console.log(JSON.stringify({ event: 'error', message }));
    process.exitCode = EXIT_UNAVAILABLE;
  }
}

async function load(options: LoadOptions, stop: AbortSignal): Promise<number> {
  const { runLoad } = await import('./run-load.ts');
  const { reportText } = await import('./report/report-text.ts');
  const report = await runLoad(options, stop);
  console.log(options.json ? JSON.stringify(report) : reportText(report));
  return report.ok ? 0 : EXIT_LOSS;
}

async function demo(options: LoadOptions, stop: AbortSignal): Promise<number> {
  await (await import('./demo/demo.ts')).runDemo(options, stop);
  return 0;
}
