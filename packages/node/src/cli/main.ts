/** The process around a program: its streams, its signals, and what nobody caught (fault O8). */
import { writeSync } from 'node:fs';
import type { RootLogger } from '../log/index.ts';
import type { ProgramDefinition } from './command.ts';
import { earlySettings } from './early-settings.ts';
import { failureOf, failureRecord, showFailure } from './failure.ts';
import { runCli } from './run-cli.ts';

/** Runs a program as this process and ends it with the exit code. */
export async function main(program: ProgramDefinition): Promise<never> {
  const words = process.argv.slice(2);
  let log: RootLogger | undefined;
  process.on('uncaughtException', (error, origin) => {
    log?.error('uncaught', { origin, error });
    log?.drainInto((text) => writeNow(2, text));
    endUncaught(program, words, error);
  });
  // Without a listener, a reader of stdout or stderr that goes away early would end the process with a stack.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  const code = await runCli(program, {
    words,
    environment: process.env,
    cwd: process.cwd(),
    // Opened by commands that read it.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
    signals: process,
    exitNow: (exit) => process.exit(exit),
    onLog: (created) => (log = created),
  });
  process.exit(code);
}

/** Nothing asynchronous is trusted any more: writes synchronously and ends. */
function endUncaught(program: ProgramDefinition, words: readonly string[], error: unknown): never {
  const { json, debug } = earlySettings(program, { words, environment: process.env });
  const failure = failureOf(error);
  writeNow(2, `${showFailure(failure, program.name, { paint: (_format, text) => text, debug })}\n`);
  if (json) writeNow(1, `${JSON.stringify(failureRecord(failure))}\n`);
  process.exit(1);
}

function writeNow(descriptor: 1 | 2, text: string): void {
  try {
    writeSync(descriptor, text);
  } catch {
    // Its reader is gone.
  }
}
