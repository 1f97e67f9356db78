/**
 * `npx nx run tools:proxy -- --target 127.0.0.1:1337 --fault latency-ms=50`: a way to a server that fails as told (`--help`
 * tells more).
 */
import { PROXY_HELP, parseProxyOptions, type ProxyOptions } from './options.ts';
import { runProxy } from './run-proxy.ts';

const EXIT_USAGE = 2;
const EXIT_UNAVAILABLE = 69;

const options = optionsOf(process.argv.slice(2));
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

/** @returns undefined when there is nothing to do. */
function optionsOf(args: readonly string[]): ProxyOptions | undefined {
  try {
    const parsed = parseProxyOptions(args);
    if (parsed === undefined) console.log(PROXY_HELP);
    return parsed;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${PROXY_HELP}`);
    process.exitCode = EXIT_USAGE;
    return undefined;
  }
}
