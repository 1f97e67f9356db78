/**
 * `npx nx run tools:load -- --agents 1000 --events-per-second 5000`: thousands of agents against one server, and a check
 * that nothing was lost (`--help` tells more). Also the entry of its processes (`worker`).
 */
import { exitCodeOf } from '../ending/exit-code.ts';
import { listenForInterruption, type Interruption } from '../ending/interruption.ts';
import { optionsOrHelp } from '../options/options-or-help.ts';
import { LOAD_HELP, parseLoadOptions, type LoadOptions } from './options.ts';

const EXIT_UNAVAILABLE = 69;

if (process.argv[2] === 'worker') (await import('./agents/load-worker.ts')).runWorker();
else await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<void> {
  const options = optionsOrHelp(LOAD_HELP, () => parseLoadOptions(args));
  if (options === undefined) return;
  const interruption = listenForInterruption();
  try {
    process.exitCode = options.demo ? await demo(options, interruption.signal) : await load(options, interruption);
  } catch (error) {
    // Of a process of the load comes its stack, too: the first line says what it is.
    const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    sayFailure(message, options);
    process.exitCode = EXIT_UNAVAILABLE;
  }
}

async function load(options: LoadOptions, interruption: Interruption): Promise<number> {
  const { runLoad } = await import('./run-load.ts');
  const { reportText } = await import('./report/report-text.ts');
  const report = await runLoad(options, interruption.signal);
  if (report === undefined) {
    sayFailure('interrupted before the load began', options);
    return interruption.exitCode ?? EXIT_UNAVAILABLE;
  }
  console.log(options.json ? JSON.stringify(report) : reportText(report));
  return exitCodeOf({ isOk: report.ok, isWritten: true, interruption });
}

async function demo(options: LoadOptions, stop: AbortSignal): Promise<number> {
  await (await import('./demo/demo.ts')).runDemo(options, stop);
  return 0;
}

function sayFailure(message: string, { json }: LoadOptions): void {
  console.error(message);
  if (json) console.log(JSON.stringify({ event: 'error', message }));
}
