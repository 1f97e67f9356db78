/** chat: read and write messages in the terminal. What it looks like and does is the layer `chat`. */
import { ConfigError } from '@sealane/shared/errors';
import { explained, setting, toggle } from '@sealane/node/config';
import { Output, defineCommand, type CommandContext } from '@sealane/node/cli';
import { painter } from '@sealane/node/log';
import type { Agent } from '../agent/index.ts';
import { ClientModel, runChat, systemClock } from '../chat/index.ts';
import { openMessaging } from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withAgent } from './connection.ts';

const chatSettings = {
  ...connectionSettings,
  plain: setting(toggle(), {
    help: 'Print lines one after the other and draw nothing: for screen readers and simple terminals.',
    default: false,
  }),
};

type ChatContext = CommandContext<typeof chatSettings>;

export const chatCommand = defineCommand({
  name: 'chat',
  summary: 'Chat in the terminal, end-to-end encrypted: with a user, in a group, or with whom you choose.',
  arguments: [{ name: 'with', help: 'A user or a group; without, your chats are listed.', optional: true }],
  life: 'listener',
  settings: chatSettings,
  examples: ['chat', 'chat alice', 'chat team --plain'],
  async run(context) {
    checkTerminal(context);
    // Nothing but the chat writes to its terminal.
    if (!context.globals.debug) context.log.setLevel('silent');
    const quiet = { ...context, output: quietOutput(context) };
    await withAgent(quiet, { reconnect: true, waitForServer: false }, (agent, signal) => chat(context, agent, signal));
  },
});

async function chat(context: ChatContext, agent: Agent, signal: AbortSignal): Promise<void> {
  const { settings, arguments: words, stdin, environment, globals, cwd, shutdown } = context;
  const { dataDir, passphrase } = settings;
  const isPlain = settings.plain || environment['TERM'] === 'dumb';
  const isColoured = !isPlain || globals.color === 'always';
  const hungUp = new AbortController();
  // A terminal that goes away must not take with it what was being written.
  shutdown.onReload(() => hungUp.abort());
  const client = await openMessaging(agent, { dataDir, passphrase });
  try {
    const clock = systemClock();
    const model = new ClientModel({ client, agent, clock });
    try {
      const ended = runChat({
        model,
        clock,
        name: words[0],
        isPlain,
        paint: painter({ mode: isColoured ? globals.color : 'never', environment, stream: process.stdout }),
        stdin,
        stdout: process.stdout,
        process,
        cwd,
        signal: AbortSignal.any([signal, hungUp.signal]),
      });
      // What happens from now on is seen.
      model.start();
      await ended;
    } finally {
      model.close();
    }
  } finally {
    await client.close();
  }
}

function checkTerminal({ stdin, output }: ChatContext): void {
  if (stdin.isTTY === true && process.stdout.isTTY && !output.json) return;
  throw explained(new ConfigError('E_USAGE', 'chat needs a terminal'), {
    why: output.json ? 'A chat has no JSON lines.' : 'Its input or its output is no terminal.',
    next: 'Use "message send", "message list" and "message watch": they work in scripts, also with --json.',
  });
}

/** Notes of the connection would be in the middle of the picture; the chat tells what matters of them. */
function quietOutput({ output }: ChatContext): Output {
  const { json, paint, stderr } = output;
  return new Output({ stdout: process.stdout, stderr, json, paint, quiet: true, onStdoutFailed: () => undefined });
}
