/** connect: makes an agent and resolves when a server has admitted it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { utf8Encode } from '@sealane/shared/bytes';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { parseEnrolmentToken, type ParsedEnrolmentToken } from '@sealane/shared/documents';
import { ConfigError, ProtocolError } from '@sealane/shared/errors';
import { AGENT_ID_BYTES_MAX } from '@sealane/shared/packets';
import { DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { explained, explanationOf, parseAddress, type Address } from '@sealane/node/config';
import { KnownServers } from '@sealane/node/keys';
import { silentLogger } from '@sealane/node/log';
import { createEnvironment } from '@sealane/node/transport';
import { version } from '@sealane/node/cli';
import { DEFAULT_OUTBOX_LIMITS } from '../delivery/index.ts';
import { ephemeralIdentity, openAgentIdentity } from '../identity/index.ts';
import { Backoff, DEFAULT_RECONNECT_POLICY, reconnectPolicy } from '../reconnect/index.ts';
import { KNOWN_SERVERS_FILE, MemoryKnownServers, ServerTrust, type Pin } from '../trust/index.ts';
import type { Agent } from './agent.ts';
import type { ConnectOptions } from './connect-options.ts';
import { MAIN_INSTANCE, Supervisor, notConnectedError, type SupervisorOptions } from './supervisor.ts';

/** Port of a server when none is named. */
const PORT_DEFAULT = 1337;
const TIMEOUT_MS_DEFAULT = 60_000;
const CONNECT_TIMEOUT_MS_DEFAULT = 10_000;

/** One for all agents of a process. */
let environment: SupervisorOptions['environment'] | undefined;

/**
 * Connects to a server and keeps the connection.
 *
 * @returns the agent, once a server has admitted it; at once with `waitForServer: false`.
 * @throws ProtocolError or TransportError with the code of the last attempt; `E_IDENTITY_CHANGED` when the server is
 *   not the expected one; `E_TIMEOUT` when `timeoutMs` passed before any attempt ended.
 * @throws ConfigError for a wrong option, a damaged token or key file; StorageError when the disk refuses.
 *
 * @example
 * const agent = await connect({ server: '127.0.0.1:1337' });
 * console.log((await agent.request('message', 'Hello')).text());
 */
export async function connect(options: ConnectOptions = {}): Promise<Agent> {
  const supervisor = new Supervisor(await supervisorOptions(options));
  const { agent } = supervisor;
  const { signal } = options;
  const onAbort = (): void => void agent.close();
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  void agent.whenClosed.then(() => signal?.removeEventListener('abort', onAbort));
  options.prepare?.(agent);
  const admitted = new Promise<'admitted'>((resolve) => agent.once('connected', () => resolve('admitted')));
  void supervisor.run();
  if (options.waitForServer === false) return agent;
  await firstContact(agent, admitted, options.timeoutMs ?? TIMEOUT_MS_DEFAULT);
  return agent;
}

/** Waits until a server has admitted the agent or it has failed; after the time it is given up. */
async function firstContact(agent: Agent, admitted: Promise<'admitted'>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const late = lateAfter(timeoutMs, timer.signal);
  const outcome = await Promise.race([admitted, agent.whenClosed, late]);
  timer.abort();
  if (outcome === 'admitted') return;
  const { state } = agent;
  if (outcome !== 'late') throw notConnectedError(outcome);
  await agent.close();
  const last = state.state === 'reconnecting' ? state.error : undefined;
  const error = new ProtocolError('E_TIMEOUT', `No server admitted this agent within ${timeoutMs} ms`, { cause: last });
  throw last === undefined ? error : explained(error, { why: last.message, next: explanationOf(last).next });
}

function lateAfter(timeoutMs: number, signal: AbortSignal): Promise<'late'> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return new Promise(() => undefined);
  return sleep(timeoutMs, 'late' as const, { signal }).catch(() => 'late' as const);
}

async function supervisorOptions(options: ConnectOptions): Promise<SupervisorOptions> {
  const token = tokenOf(options.token);
  checkName('id', options.id);
  checkName('instance', options.instance);
  const address = addressOf(options.server);
  const identity =
    options.dataDir === undefined
      ? ephemeralIdentity()
      : await openAgentIdentity(options.dataDir, { passphrase: options.passphrase });
  const known =
    options.dataDir === undefined
      ? new MemoryKnownServers()
      : new KnownServers(join(options.dataDir, KNOWN_SERVERS_FILE));
  environment ??= createEnvironment();
  return {
    address,
    trust: new ServerTrust({
      crypto: nativeCrypto,
      pins: pinsOf(options.serverKey, token),
      known,
      wallClock: Date.now,
      acceptCommand: options.acceptCommand ?? defaultAcceptCommand,
    }),
    identity,
    id: options.id ?? token?.token.agentId ?? identity.defaultId,
    instance: options.instance ?? MAIN_INSTANCE,
    enrolmentToken: token?.bytes ?? null,
    suites: suitesFor(options.suites ?? 'pq'),
    backoff: backoffOf(options),
    environment,
    limits: {
      ...DEFAULT_SESSION_LIMITS,
      handshakeTimeoutMs: options.handshakeTimeoutMs ?? DEFAULT_SESSION_LIMITS.handshakeTimeoutMs,
    },
    build: `sealane-agent/${version}`.slice(0, 64),
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS_DEFAULT,
    dataDir: options.dataDir,
    outboxLimits: { ...DEFAULT_OUTBOX_LIMITS, ...options.outbox },
    log: options.logger ?? silentLogger,
    onState: options.onState,
  };
}

function backoffOf({ reconnect = true, random = Math.random }: ConnectOptions): Backoff | undefined {
  if (reconnect === false) return undefined;
  const policy = reconnectPolicy(DEFAULT_RECONNECT_POLICY, reconnect === true ? {} : reconnect);
  return new Backoff(policy, random);
}

function addressOf(server: ConnectOptions['server'] = '127.0.0.1'): Address {
  if (typeof server !== 'string') return server;
  const address = parseAddress(server, PORT_DEFAULT);
  if (address === undefined)
    throw new ConfigError('E_CONFIG', `"server" expected host:port, got ${JSON.stringify(server)}`);
  return address;
}

function checkName(option: string, name: string | undefined): void {
  if (name === undefined) return;
  const size = utf8Encode(name).length;
  if (size >= 1 && size <= AGENT_ID_BYTES_MAX && name.isWellFormed()) return;
  throw new ConfigError('E_CONFIG', `"${option}" expected 1 to ${AGENT_ID_BYTES_MAX} bytes of UTF-8, got ${size}`);
}

function tokenOf(text: string | undefined): ParsedEnrolmentToken | undefined {
  if (text === undefined) return undefined;
  const token = parseEnrolmentToken(text);
  if (token === undefined) throw new ProtocolError('E_TOKEN_INVALID', 'The enrolment token is damaged or not complete');
  return token;
}

function pinsOf(serverKey: string | undefined, token: ParsedEnrolmentToken | undefined): readonly Pin[] {
  const pins: Pin[] = [];
  if (serverKey !== undefined) pins.push({ fingerprint: serverKey, source: '--server-key' });
  if (token !== undefined) {
    pins.push({ fingerprint: fingerprint(nativeCrypto, token.token.serverKey), source: 'the enrolment token' });
  }
  return pins;
}

function defaultAcceptCommand(server: string, name: string): string {
  return `sealane-agent known-servers accept ${server} ${name}`;
}
