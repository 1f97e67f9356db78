/** Ctrl-C and SIGTERM: a tool ends early then, and says what it has done. */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
/** A terminal, `timeout` and Nx may all pass on one and the same: what comes so soon is not a second one. */
const SAME_MS = 1_000;
const SIGNALLED = 128;

export interface Interruption {
  readonly signal: AbortSignal;
  /** Of a tool that was interrupted, by the signal; 130 and 143. Undefined where it was not. */
  readonly exitCode: number | undefined;
}

/** @param again what a second one does: end the process at once, where all that is left behind is removed `atExit`, or nothing. */
export function listenForInterruption(again: 'end' | 'ignore' = 'end'): Interruption {
  const stop = new AbortController();
  let exitCode: number | undefined;
  let sinceMs = 0;
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (exitCode === undefined) {
        exitCode = SIGNALLED + constants.signals[signal];
        sinceMs = performance.now();
        stop.abort();
      } else if (again === 'end' && performance.now() - sinceMs > SAME_MS) process.exit(exitCode);
    });
  }
  return {
    signal: stop.signal,
    get exitCode() {
      return exitCode;
    },
  };
}
