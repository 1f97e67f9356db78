/** start: connect, say hello five times, print each reply with its round trip; with --reconnect, stay. */
import { escapeText } from '@sealane/shared/bytes';
import { EXIT, SealaneError, TransportError, type ErrorCode } from '@sealane/shared/errors';
import { integer, setting, text, toggle } from '@sealane/node/config';
import { defineCommand, failureOf, failureRecord, showFailure, type EndSignal } from '@sealane/node/cli';
import type { Agent } from '../agent/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withAgent, type ConnectionContext } from './connection.ts';
import { exchange, type Exchange } from './exchange.ts';

const exitBySignal: Readonly<Record<EndSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Failures of a request after which the same text is sent again, with --reconnect: nobody can know if it arrived. */
const lostCodes: ReadonlySet<ErrorCode> = new Set(['E_TRUNCATED', 'E_CLOSED', 'E_DRAINING', 'E_IDLE', 'E_SLOW_READER']);

export const startSettings = {
  ...connectionSettings,
  count: setting(integer({ min: 0, max: 1_000_000_000 }), { help: 'How many messages to send.', default: 5 }),
  message: setting(text(), { help: 'What to send.', default: 'Hello from client!' }),
  reconnect: setting(toggle(), { help: 'Stay connected afterwards, and reconnect whenever needed.', default: false }),
};

export const startCommand = defineCommand({
  name: 'start',
  summary: 'Connect, send messages and print the replies.',
  life: 'listener',
  settings: startSettings,
  examples: ['start', 'start --server example.org:1337 --token-file ./token', 'start --reconnect --json'],
  async run(context) {
    const { settings, output, shutdown } = context;
    let done = 0;
    try {
      await withAgent(
        context,
        { instance: 'main', reconnect: settings.reconnect, tellStates: true },
        async (agent, signal) => {
          for (; done < settings.count; done++) {
            const { reply, rttMs } = await hello(agent, settings, signal);
            const human = `${escapeText(reply.text())}  (${rttMs.toFixed(3)} ms)`;
            if (!(await output.emit({ event: 'reply', text: reply.text(), rttMs }, human))) return;
          }
          if (settings.reconnect) await untilOver(agent, signal);
        },
      );
    } catch (error) {
      if (shutdown.endSignal === undefined) {
        const stayed = settings.reconnect && done === settings.count;
        if (stayed && error instanceof SealaneError && error.code === 'E_TIMEOUT') return EXIT.ok;
        throw error;
      }
    }
    const { endSignal } = shutdown;
    if (endSignal === undefined || settings.reconnect || done >= settings.count) return EXIT.ok;
    return await interrupted(context, endSignal);
  },
});

/** One exchange; after a lost connection it is made again on the next one. */
async function hello(
  agent: Agent,
  settings: { readonly message: string; readonly reconnect: boolean },
  signal: AbortSignal,
): Promise<Exchange> {
  for (;;) {
    try {
      return await exchange(agent, settings.message, { signal });
    } catch (error) {
      if (!settings.reconnect || !isLost(error, agent)) throw error;
    }
  }
}

function isLost(error: unknown, agent: Agent): boolean {
  if (!(error instanceof SealaneError) || agent.state.state === 'closed') return false;
  return lostCodes.has(error.code) || (error.code === 'E_TIMEOUT' && agent.state.state !== 'connected');
}

/** @throws what ended the agent for good, or `E_CANCELLED` when the signal did. */
async function untilOver(agent: Agent, signal: AbortSignal): Promise<void> {
  const { error } = await agent.whenClosed;
  if (error !== undefined) throw error;
  signal.throwIfAborted();
}

/** A finite run that a signal ended: as the frame says it for work. */
async function interrupted(context: ConnectionContext, signal: EndSignal): Promise<number> {
  const { output, program, globals } = context;
  const failure = failureOf(new TransportError('E_INTERRUPTED', `Interrupted by ${signal}`));
  if (output.json) await output.emit(failureRecord(failure));
  else output.warn(showFailure(failure, program.name, { paint: output.paint, debug: globals.debug }));
  return exitBySignal[signal];
}
