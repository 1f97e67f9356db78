/** `sealane-server` run in this process: what it prints and its exit code, without the start of a process. Not part of the product. */
import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { runCli } from '@sealane/node/cli';
import { program } from '../src/commands/index.ts';
import { cleanEnvironment, type ProcessResult } from './server-process.ts';

/** Runs a command to its end. A signal it cannot get, and a terminal it has not. */
export async function runCommandHere(words: readonly string[]): Promise<ProcessResult> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const texts = [stdout, stderr].map(async (stream) => (await stream.setEncoding('utf8').toArray()).join(''));
  const code = await runCli(program, {
    words,
    environment: cleanEnvironment(),
    cwd: process.cwd(),
    stdin: Readable.from([]),
    stdout,
    stderr,
    signals: new EventEmitter(),
    exitNow: (exit) => {
      throw new Error(`ended at once with ${exit}`);
    },
  });
  stdout.end();
  stderr.end();
  const [out = '', error = ''] = await Promise.all(texts);
  return { code, stdout: out, stderr: error };
}
