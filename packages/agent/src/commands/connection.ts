/**
 * What connecting commands share: connect with their settings, tell the states, keep the time, end in an orderly way.
 */
import { randomBytes } from 'node:crypto';
import { escapeText } from '@sealane/shared/bytes';
import { AGENT_NAME_RULE, isAgentName, parseEnrolmentToken } from '@sealane/shared/documents';
import { ConfigError, ERRORS, ProtocolError, SealaneError } from '@sealane/shared/errors';
import { dataDirectoryFlag, explained, explanationOf, showAddress } from '@sealane/node/config';
import type { CommandContext } from '@sealane/node/cli';
import { idlePassphrase } from '@sealane/node/keys';
import { connect, type Agent, type AgentState } from '../agent/index.ts';
import type { ConnectionSettings, ConnectionValues } from './connection-settings.ts';

/** A command that connects: its context, whatever other settings it has. */
export type ConnectionContext = Omit<CommandContext<ConnectionSettings>, 'settings'> & {
  readonly settings: ConnectionValues;
};

/** How a command connects. */
export interface Connecting {
  /** `main` for what stays; by default a random one, which takes nothing over and receives nothing. */
  readonly instance?: string;
  /** Whether a lost connection, and a first contact that fails, is tried again. Default false. */
  readonly reconnect?: boolean;
  /** `false` starts working before there is a connection. Default true. */
  readonly waitForServer?: boolean;
  /** Whether states are printed as results. Default false. */
  readonly tellStates?: boolean;
  /** Registers handlers before the first attempt. */
  readonly prepare?: (agent: Agent) => void;
}

/**
 * Runs `work` with a connected agent and closes it afterwards.
 *
 * @param work ends early when its signal is aborted: time is up, or the command is to end.
 * @throws ProtocolError `E_TIMEOUT` when --timeout passed; else what connecting or working threw.
 */
export async function withAgent<Result>(
  context: ConnectionContext,
  connecting: Connecting,
  work: (agent: Agent, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { settings, shutdown } = context;
  const timeUp = new AbortController();
  const timer = settings.timeout === undefined ? undefined : setTimeout(() => timeUp.abort(), settings.timeout);
  const signal = AbortSignal.any([shutdown.signal, timeUp.signal]);
  let agent: Agent | undefined;
  let lastTrouble: SealaneError | undefined;
  try {
    agent = await connectWith(context, connecting, signal, (trouble) => (lastTrouble = trouble));
    return await work(agent, signal);
  } catch (error) {
    if (timeUp.signal.aborted && !shutdown.begun) throw timeoutError(settings.timeout ?? 0, lastTrouble);
    throw withTokenHint(error, settings.token);
  } finally {
    clearTimeout(timer);
    await agent?.close();
  }
}

async function connectWith(
  context: ConnectionContext,
  connecting: Connecting,
  signal: AbortSignal,
  onTrouble: (error: SealaneError) => void,
): Promise<Agent> {
  const { settings, log, output } = context;
  checkId(settings.id);
  const warning = idlePassphrase(settings.dataDir, { kind: 'agent', passphrase: settings.passphrase });
  if (warning !== undefined) output.warn(warning);
  return await connect({
    server: settings.server,
    serverKey: settings.serverKey,
    token: settings.token,
    dataDir: settings.dataDir,
    passphrase: settings.passphrase,
    id: settings.id,
    instance: connecting.instance ?? `once-${randomBytes(8).toString('hex')}`,
    suites: settings.suites,
    reconnect: connecting.reconnect ?? false,
    timeoutMs: Number.POSITIVE_INFINITY,
    waitForServer: connecting.waitForServer ?? true,
    signal,
    logger: log,
    acceptCommand: acceptCommand(context),
    ...(connecting.prepare !== undefined && { prepare: connecting.prepare }),
    onState: (state) => {
      if (state.state === 'reconnecting') onTrouble(state.error);
      if (connecting.tellStates === true) tellState(context, state);
      if (state.state === 'connected' && state.trust === 'first-contact') {
        output.note(`First contact with ${state.server}: its identity ${state.fingerprint} is recorded.`);
      }
    },
  });
}

/** The JSON lines of surfaces: connected, reconnecting, closed. */
function tellState({ output }: ConnectionContext, state: AgentState): void {
  switch (state.state) {
    case 'connecting':
      break;
    case 'connected': {
      const { server, fingerprint, id, suite, version } = state;
      const human = `Connected to ${server} (${fingerprint}) as ${escapeText(id)}`;
      void output.emit({ event: 'connected', server, fingerprint, id, suite, version }, human);
      break;
    }
    case 'reconnecting': {
      const { attempt, delayMs, reason, error } = state;
      void output.emit({ event: 'reconnecting', attempt, delayMs, reason });
      if (!output.json) output.warn(`${escapeText(error.message)}; attempt ${attempt} in ${delayMs} ms (${reason})`);
      break;
    }
    case 'closed':
      void output.emit({ event: 'closed', reason: state.code ?? 'closed' });
  }
}

/** The exact line that accepts a changed identity for this data directory. */
function acceptCommand(context: ConnectionContext): (server: string, fingerprint: string) => string {
  const { program, settings, environment } = context;
  const directory = dataDirectoryFlag(settings.dataDir, { application: 'agent', environment });
  return (server, fingerprint) => `${program.name} known-servers accept ${server} ${fingerprint}${directory}`;
}

function checkId(id: string | undefined): void {
  if (id === undefined || isAgentName(id)) return;
  throw new ConfigError('E_USAGE', `--id: expected ${AGENT_NAME_RULE}`);
}

function timeoutError(timeoutMs: number, last: SealaneError | undefined): ProtocolError {
  const error = new ProtocolError('E_TIMEOUT', `Not done within ${timeoutMs / 1_000} s`, { cause: last });
  if (last === undefined) return error;
  return explained(error, { why: last.message, next: explanationOf(last).next ?? ERRORS[last.code].next });
}

/** What a refusal means for an agent that showed a token. */
function withTokenHint(error: unknown, token: string | undefined): unknown {
  if (!(error instanceof SealaneError) || token === undefined) return error;
  if (error.code === 'E_UNKNOWN_AGENT') {
    return explained(error, {
      why: 'The server takes nobody new, not even with a token (its --enrolment is closed).',
      next: 'Ask the operator to start the server with --enrolment token.',
    });
  }
  return error.code === 'E_TOKEN_EXPIRED' ? withClockHint(error, token) : error;
}

/** An expired token and a wrong clock look alike: says what both clocks would mean. */
function withClockHint(error: SealaneError, token: string): SealaneError {
  const parsed = parseEnrolmentToken(token);
  if (parsed === undefined) return error;
  const expired = new Date(parsed.token.expiresAt * 1_000).toISOString();
  return explained(error, {
    why: `It was valid until ${expired}; the clock of this machine says ${new Date().toISOString()}.`,
    next: 'Ask the operator for a new token; if it should still be valid, check the clocks of both machines.',
  });
}

/** `host:port` of the settings. */
export function serverName(settings: ConnectionValues): string {
  return showAddress(settings.server);
}
