/**
 * Supervisor, and what it makes of the end of a link:
 *
 * attempt → opened: the link is used until it ends → wait → attempt …
 *         → failed: terminal ends the agent, anything else waits for the next attempt
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { HandlerSet, type ChannelHandlers } from '@sealane/shared/channel';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { ProtocolError, SealaneError, TransportError, assert } from '@sealane/shared/errors';
import type { OpenedEvent, SessionEnvironment } from '@sealane/shared/session';
import { suiteName, type SessionLimits, type SuiteId } from '@sealane/shared/wire';
import { parseAddress, showAddress, type Address } from '@sealane/node/config';
import type { Logger } from '@sealane/node/log';
import { monotonicNow } from '@sealane/node/transport';
import { AgentDelivery, type OutboxLimits } from '../delivery/index.ts';
import type { AgentIdentity } from '../identity/index.ts';
import { openLink, type Link, type LinkEnd } from '../link/index.ts';
import { isTerminal, type Backoff } from '../reconnect/index.ts';
import type { ServerTrust } from '../trust/index.ts';
import { Agent, type AgentKeeper } from './agent.ts';
import type { AgentState, ConnectedState } from './agent-state.ts';

/** What an agent runs with, all defaults filled in. */
export interface SupervisorOptions {
  readonly address: Address;
  readonly trust: ServerTrust;
  readonly identity: AgentIdentity;
  readonly id: string;
  readonly instance: string;
  /** Shown until a server has admitted the agent. */
  readonly enrolmentToken: Uint8Array | null;
  readonly suites: readonly SuiteId[];
  /** Undefined never tries again. */
  readonly backoff: Backoff | undefined;
  readonly environment: SessionEnvironment;
  readonly limits: SessionLimits;
  readonly build: string;
  readonly connectTimeoutMs: number;
  /** Where events wait; undefined keeps them in memory. */
  readonly dataDir: string | undefined;
  readonly outboxLimits: OutboxLimits;
  readonly log: Logger;
  readonly onState: ((state: AgentState) => void) | undefined;
}

/** The instance that stands for the agent itself: it gets what is addressed to the agent, and sends what others left. */
export const MAIN_INSTANCE = 'main';

/**
 * Keeps one agent connected: makes its links, one after the other, and waits between them, until it is closed or a
 * failure is terminal. What is received and sent is with its `agent`.
 */
export class Supervisor implements AgentKeeper {
  readonly agent: Agent;
  readonly #options: SupervisorOptions;
  readonly #handlers = new HandlerSet<Agent>();
  readonly #delivery: AgentDelivery;
  readonly #stop = new AbortController();
  #link: Link<Agent> | undefined;
  #enrolmentToken: Uint8Array | null;
  #resumeToken: Uint8Array | null = null;
  /** Where the server asked the agent to come back to; for one attempt. */
  #elsewhere: Address | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#enrolmentToken = options.enrolmentToken;
    const connecting = { state: 'connecting', server: showAddress(options.address) } as const;
    this.#delivery = new AgentDelivery({
      dataDir: options.dataDir,
      outboxLimits: options.outboxLimits,
      sendsLeft: options.instance === MAIN_INSTANCE,
      log: options.log,
      onRefused: (refused) => this.agent.tellRefused(refused),
    });
    const { publicKey } = options.identity.keys;
    const parts = { handlers: this.#handlers, delivery: this.#delivery, state: connecting, publicKey };
    this.agent = new Agent(this, parts);
    if (options.onState !== undefined) this.agent.on('state', options.onState);
    this.agent.enter(connecting);
  }

  /** Keeps the connection until `close` or a terminal failure; the agent is closed when it resolves. */
  async run(): Promise<void> {
    try {
      await this.#enterClosed(await this.#untilOver());
    } catch (error) {
      this.report('a fault of this program ended the agent', error);
      const fault =
        error instanceof SealaneError
          ? error
          : new ProtocolError('E_INTERNAL', 'an unexpected fault', { cause: error });
      await this.#enterClosed(fault);
    }
  }

  /** One connection after the other. @returns what ended the agent, undefined when it was closed. */
  async #untilOver(): Promise<SealaneError | undefined> {
    for (;;) {
      const { end, connectedMs } = await this.#connection();
      if (this.#isStopped()) return undefined;
      if (this.#options.backoff === undefined || isTerminal(end.error)) return end.error;
      await this.#pause(this.#options.backoff, end, connectedMs);
      if (this.#isStopped()) return undefined;
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  // AgentKeeper

  close(): void {
    if (this.#stop.signal.aborted) return;
    this.agent.useLink(undefined);
    this.#delivery.stopSending();
    this.#stop.abort();
    this.#link?.close();
  }

  report(what: string, error: unknown): void {
    this.#options.log.error(what, { error });
  }

  /** One connection, from the attempt to its end. */
  async #connection(): Promise<{ end: LinkEnd; connectedMs: number | undefined }> {
    const outcome = await openLink<Agent>({
      ...this.#options,
      address: this.#elsewhere ?? this.#options.address,
      handlers: ownRequests(this.#handlers),
      delivery: this.#delivery,
      onTransient: (packet) => this.agent.tellTransient(packet),
      peer: this.agent,
      keys: this.#options.identity.keys,
      agentId: this.#options.id,
      enrolmentToken: this.#enrolmentToken,
      resumeToken: this.#resumeToken,
      signal: this.#stop.signal,
    });
    this.#elsewhere = undefined;
    if (outcome.link === undefined) {
      this.#delivery.lose(outcome.end.error);
      return { end: outcome.end, connectedMs: undefined };
    }
    const { link, opened } = outcome;
    const openedAt = monotonicNow();
    this.#use(link, opened);
    const end = await link.ended;
    this.#link = undefined;
    this.agent.useLink(undefined);
    this.#delivery.lose(end.error);
    this.#elsewhere = parseAddress(link.goAway?.address ?? undefined);
    return { end: afterGoAway(end, link), connectedMs: monotonicNow() - openedAt };
  }

  #use(link: Link<Agent>, opened: OpenedEvent): void {
    this.#link = link;
    this.#enrolmentToken = null;
    this.#resumeToken = opened.resumeToken.length === 0 ? null : opened.resumeToken.slice();
    this.#options.backoff?.usePolicy({
      baseMs: opened.retryBaseMs,
      capMs: opened.retryCapMs,
      windowMs: opened.retryWindowMs,
    });
    link.onUnusable = () => {
      this.agent.useLink(undefined);
      this.#delivery.stopSending();
    };
    const connected = this.#connectedState(link, opened);
    this.agent.enter(connected);
    if (this.#stop.signal.aborted) link.close();
    else if (link.goAway === undefined && link.session.state === 'Open') {
      this.agent.useLink(link);
      this.#delivery.open(link.deliveryLink(connected.fingerprint));
    }
  }

  #connectedState(link: Link<Agent>, opened: OpenedEvent): ConnectedState {
    const { server, judgement } = link;
    assert(server !== undefined && judgement !== undefined, 'an open link has a trusted server');
    return {
      state: 'connected',
      server: showAddress(link.address),
      fingerprint: fingerprint(nativeCrypto, server.serverKey),
      trust: judgement,
      id: opened.agentId,
      instance: this.#options.instance,
      suite: suiteName(opened.suite),
      version: opened.version,
      serverBuild: server.build,
      resumed: opened.resumed,
    };
  }

  async #pause(backoff: Backoff, end: LinkEnd, connectedMs: number | undefined): Promise<void> {
    const { error, notBeforeMs, hintMs } = end;
    const delayMs = backoff.next({ notBeforeMs, hintMs, ...(connectedMs !== undefined && { connectedMs }) });
    this.agent.enter({ state: 'reconnecting', attempt: backoff.attempts, delayMs, reason: error.code, error });
    await sleep(delayMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  async #enterClosed(error: SealaneError | undefined): Promise<void> {
    this.#stop.abort();
    this.agent.useLink(undefined);
    await this.#delivery.close(new TransportError('E_CLOSED', 'the agent is closed', { cause: error }));
    this.agent.enter({
      state: 'closed',
      reason: error === undefined ? 'closed by this side' : error.message,
      code: error?.code,
      error,
    });
  }
}

/** The end of a link whose server said why and until when it would leave. */
function afterGoAway(end: LinkEnd, { goAway, address }: Link<Agent>): LinkEnd {
  if (goAway === undefined) return end;
  const notBeforeMs = Math.max(end.notBeforeMs, goAway.comeBackAfterMs);
  if (!end.orderly) return { ...end, notBeforeMs };
  const error = new TransportError('E_DRAINING', `${showAddress(address)} is shutting down in an orderly way`);
  return { ...end, error, notBeforeMs };
}

/** To an agent every request is for itself, whatever way the server names it. */
function ownRequests(handlers: HandlerSet<Agent>): ChannelHandlers<Agent> {
  return {
    request: (name) => handlers.request(name, null),
    notification: (name) => handlers.notification(name),
    stream: (name) => handlers.stream(name),
  };
}

/** The error of an agent that closed before its first contact. */
export function notConnectedError(state: AgentState): SealaneError {
  const error = state.state === 'closed' || state.state === 'reconnecting' ? state.error : undefined;
  return error ?? new ProtocolError('E_CANCELLED', 'The attempt to connect was given up');
}
