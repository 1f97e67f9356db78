/** The first line of `serve`: where it listens. A server goes on without whoever was to read it, and says so. */
import type { CommandContext } from '@sealane/node/cli';
import type { Declarations } from '@sealane/node/config';
import type { Listening } from '../server/index.ts';

/** @param text the same for people. */
export async function sayListening(
  { output, log }: Pick<CommandContext<Declarations>, 'output' | 'log'>,
  listening: Listening & { readonly adminPort: number | null },
  text: string,
): Promise<void> {
  if (await output.emit({ event: 'listening', ...listening }, text)) return;
  log.warn('stdout did not take the line that says where the server listens; it serves all the same');
}
