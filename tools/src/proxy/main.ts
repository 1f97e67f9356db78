/**
 * `npx nx run tools:proxy -- --target 127.0.0.1:1337 --fault latency-ms=50`: a way to a server that fails as told (`--help`
 * tells more).
 */
import { optionsOrHelp } from '../options/options-or-help.ts';
import { PROXY_HELP, parseProxyOptions } from './options.ts';
import { runProxy } from './run-proxy.ts';

const EXIT_UNAVAILABLE = 69;

const options = optionsOrHelp(PROXY_HELP, () => parseProxyOptions(process.argv.slice(2)));
if (options !== undefined) {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    await runProxy(options, stop.signal, (line) => console.log(line));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = EXIT_UNAVAILABLE;
  }
}
