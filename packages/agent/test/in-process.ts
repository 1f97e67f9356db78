/**
 * The agent's command in the process of the test: for what a command says and with which code it ends. That the program around it
 * does the same, tests with real processes show; those of `processes.ts`.
 */
import { EventEmitter } from 'node:events';
import { tmpdir } from 'node:os';
import { Readable, Writable } from 'node:stream';
import { runCli } from '@sealane/node/cli';
import { agentProgram } from '../src/commands/index.ts';
import type { Ended, Line } from './processes.ts';

/** Runs the command to its end, with nothing of the environment of whoever runs the tests. */
export async function runInProcess(words: readonly string[]): Promise<Ended> {
  const [stdout, stderr] = [new Collected(), new Collected()];
  const code = await runCli(agentProgram, {
    words,
    environment: {},
    cwd: tmpdir(),
    stdin: Readable.from([]),
    stdout,
    stderr,
    signals: new EventEmitter(),
    exitNow: (exit) => {
      throw new Error(`exit ${exit} without an orderly end`);
    },
  });
  const lines = stdout.text.split('\n').filter((line) => line.startsWith('{'));
  return { code, stdout: stdout.text, stderr: stderr.text, lines: lines.map((line) => JSON.parse(line) as Line) };
}

/** Takes what is written, at once. */
class Collected extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}
