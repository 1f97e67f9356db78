/** send and request: one text to the server, or through it to another agent; prints the reply. */
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { setting, text } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { connectionSettings } from './connection-settings.ts';
import { withAgent, type ConnectionContext } from './connection.ts';
import { MESSAGE_REQUEST, exchange } from './exchange.ts';

const nameSetting = setting(text({ placeholder: '<name>' }), {
  help: 'Name of the request: which handler answers.',
  default: MESSAGE_REQUEST,
});

const textArgument = { name: 'text', help: 'What to send.' } as const;

export const sendCommand = defineCommand({
  name: 'send',
  summary: 'Send a text to the server and print the reply.',
  arguments: [textArgument],
  settings: { ...connectionSettings, name: nameSetting },
  examples: ['send Hello', 'send --json -- --text-with-dashes'],
  run: (context) => ask(context, { name: context.settings.name }),
});

export const requestCommand = defineCommand({
  name: 'request',
  summary: 'Ask another agent, through the server, and print its reply.',
  arguments: [textArgument],
  settings: {
    ...connectionSettings,
    name: nameSetting,
    to: setting(text({ placeholder: '<agent:ID>' }), { help: 'Who is asked.' }),
  },
  examples: ['request --to agent:ID Hello'],
  run: (context) => ask(context, { name: context.settings.name, to: recipient(context.settings.to) }),
});

async function ask(
  context: ConnectionContext,
  options: { readonly name: string; readonly to?: string },
): Promise<void> {
  const [words = ''] = context.arguments;
  const { reply, rttMs } = await withAgent(context, {}, (agent, signal) =>
    exchange(agent, words, { ...options, signal }),
  );
  const said = reply.text();
  await context.output.emit({ event: 'reply', text: said, rttMs }, escapeText(said));
}

function recipient(to: string | undefined): string {
  if (to !== undefined && /^agent:./s.test(to)) return to;
  throw new ConfigError(
    'E_USAGE',
    to === undefined ? 'request needs --to agent:ID' : `--to: expected agent:ID, got ${JSON.stringify(to)}`,
  );
}
