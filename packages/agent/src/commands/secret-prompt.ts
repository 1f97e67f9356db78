/** Secrets that a command needs: from their setting (file or environment), else typed at a terminal, unseen. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '@sealane/node/config';
import type { ConnectionContext } from './connection.ts';

/**
 * The value of a secret setting, or what is typed.
 *
 * @param about.flag the setting's flag without `--` and `-file`.
 * @param about.isRepeated asks twice, for one that is set.
 * @throws ConfigError `E_USAGE` where there is neither a value nor a terminal.
 */
export async function secretOf(
  context: Pick<ConnectionContext, 'stdin' | 'output' | 'shutdown'>,
  value: string | undefined,
  about: { readonly flag: string; readonly prompt: string; readonly isRepeated?: boolean },
): Promise<string> {
  if (value !== undefined) return value;
  const { flag, prompt, isRepeated = false } = about;
  if (context.stdin.isTTY !== true) {
    throw explained(new ConfigError('E_USAGE', `A ${flag} is needed`), { next: `Give it with --${flag}-file FILE.` });
  }
  const typed = await ask(context, `${prompt}: `);
  if (isRepeated && (await ask(context, `${prompt}, again: `)) !== typed) {
    throw explained(new ConfigError('E_USAGE', 'The two are not the same'), {
      why: 'It is asked for twice, because nobody sees what is typed.',
      next: 'Start again, and type the same both times.',
    });
  }
  if (typed === '') throw new ConfigError('E_USAGE', `The ${flag} is empty`);
  return typed;
}

async function ask({ stdin, output, shutdown }: Parameters<typeof secretOf>[0], prompt: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  // From here on nothing typed is shown, also what comes as soon as the prompt is seen.
  const lines = createInterface({ input: stdin, output: unseen, terminal: true });
  output.stderr.write(prompt);
  // The terminal hands Ctrl-C to whoever reads it: here as everywhere it ends the command.
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  const closed = Promise.withResolvers<never>();
  lines.once('close', () => closed.reject(new ConfigError('E_USAGE', 'Nothing was typed')));
  try {
    return await Promise.race([lines.question('', { signal: shutdown.signal }), closed.promise]);
  } finally {
    closed.promise.catch(() => undefined);
    lines.close();
    output.stderr.write('\n');
  }
}
