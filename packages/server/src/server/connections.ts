/**
 * Connections: everything between the listening socket and the handlers. It takes sockets, admits agents, keeps the
 * roster, counts and logs. It is the host of every connection; server.ts composes it with the rest.
 */
import type { Socket } from 'node:net';
import type { Logger } from '@sealane/node/log';
import { ReadTurns, monotonicNow, systemRandom, type Backlog, type ConnectionLimits } from '@sealane/node/transport';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { ErrorCode } from '@sealane/shared/errors';
import type { AgentIdentifiedEvent, ClosedEvent, ServerSessionSettings } from '@sealane/shared/session';
import { suiteName } from '@sealane/shared/wire';
import type { Admission, Bans, EnrolledBy, ResumeTokens, Verdict } from '../admission/index.ts';
import type { ServerLimits } from '../config/index.ts';
import { AgentConnection, refuseSocket, type ConnectionHost, type Stranger } from '../connection/index.ts';
import type { AgentAttachment } from '../delivery/index.ts';
import type { AgentPeer, ServerHandlers } from '../handlers/index.ts';
import {
  addressKey,
  isLoopback,
  plainAddress,
  type ConnectionGate,
  type InboundBudget,
  type Refusal,
} from '../limits/index.ts';
import { Roster } from './roster.ts';
import { Totals } from './totals.ts';

/** Why an agent is not connected any more: a reason of the session, or the code that ended it. */
export type DisconnectReason = ClosedEvent['reason'] | ErrorCode;

/** Sessions that are to end: those of an agent, of one of its instances, or of an address. */
export interface Disconnection {
  readonly agentId?: string | undefined;
  readonly instance?: string | undefined;
  /** As limits count it. */
  readonly addressKey?: string | undefined;
  /** What the agent is told; without it the session is closed in order, and the agent may come back. */
  readonly code?: ErrorCode | undefined;
}

/** What connections are made of. */
export interface ConnectionsOptions {
  readonly limits: ServerLimits;
  /** Of all connections of the server. */
  readonly backlog: Backlog;
  /** Of all connections of the server. */
  readonly inbound: InboundBudget;
  readonly gate: ConnectionGate;
  readonly admission: Admission;
  readonly bans: Pick<Bans, 'addressWaitMs' | 'find'>;
  readonly resumeTokens: ResumeTokens;
  readonly handlers: ServerHandlers;
  /** Lets a connection take part in delivery. */
  readonly attach: (connection: AgentConnection) => AgentAttachment | undefined;
  readonly log: Logger;
  readonly wallClock: () => number;
  /** Settings of new sessions; exchanged when the identity changes. */
  readonly sessionSettings: () => ServerSessionSettings;
  readonly onConnected: (peer: AgentPeer) => void;
  readonly onEnrolled: (agent: { readonly agentId: string; readonly address: string; readonly by: EnrolledBy }) => void;
  readonly onRefused: (agent: { readonly agentId: string; readonly address: string; readonly code: ErrorCode }) => void;
  readonly onDisconnected: (peer: AgentPeer, reason: DisconnectReason) => void;
}

/** Sockets that are told why they are refused at once; more are cut without a word. */
const POLITE_REFUSALS_MAX = 32;
const SESSION_ID_BYTES = 16;
/** Agents come back spread over this long: a thousand handshakes a second leave room for everything else. */
const RETRY_WINDOW_MS_MIN = 1_000;
const RETRY_WINDOW_MS_MAX = 30_000;
const RETRY_BASE_MS = 200;
const RETRY_CAP_MS = 30_000;
/** How long an agent waits that was refused for a passing reason. */
const RETRY_AFTER_MS = 5_000;

/** Refusals that say nothing against the address they came from. */
const BLAMELESS: ReadonlySet<string> = new Set<ErrorCode>(['E_BUSY', 'E_TOO_MANY_CONNECTIONS', 'E_DRAINING']);

export class Connections implements ConnectionHost {
  readonly handlers: ServerHandlers;
  readonly connectionLimits: ConnectionLimits;
  readonly inbound: InboundBudget;
  readonly roster = new Roster();
  readonly totals = new Totals();
  /** All whose socket is there, also those whose session is over. */
  readonly all = new Set<AgentConnection>();
  /** Set when the server will end: nothing new is taken. */
  isDraining = false;
  /** Set while agents are sent to other nodes: nothing new is taken. */
  isEvacuated = false;
  readonly #options: ConnectionsOptions;
  #refusing = 0;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.handlers = options.handlers;
    const { slowReaderBytesPerSecond, slowReaderWindowMs, session } = options.limits;
    const { backlog, inbound } = options;
    this.inbound = inbound;
    this.connectionLimits = {
      get highWaterBytes() {
        return backlog.connectionBytesMax;
      },
      backlog,
      readTurns: new ReadTurns(),
      slowReaderBytesPerSecond,
      slowReaderWindowMs,
      lingerMs: session.closeTimeoutMs,
    };
  }

  /** Those whose session is not over. */
  get live(): readonly AgentConnection[] {
    return [...this.all].filter(({ isOver }) => !isOver);
  }

  /** What the gate counts now. */
  get gateCounts(): ConnectionGate['counts'] {
    return this.#options.gate.counts;
  }

  /** How long agents should spread their return over, in ms. */
  get retryWindowMs(): number {
    return Math.min(RETRY_WINDOW_MS_MAX, Math.max(RETRY_WINDOW_MS_MIN, this.roster.agentCount));
  }

  /** Takes a socket, or refuses it before anything of it is read. */
  take(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (address === '') {
      // It was gone before it was taken.
      socket.on('error', () => undefined);
      socket.destroy();
      return;
    }
    const key = addressKey(address);
    const loopback = isLoopback(address);
    const refusal = this.#judge(key, loopback);
    if (refusal !== undefined) {
      this.#refuse(socket, address, refusal);
      return;
    }
    const { gate, sessionSettings } = this.#options;
    gate.open(key);
    this.totals.accepted += 1;
    const settings = sessionSettings();
    this.all.add(new AgentConnection(this, socket, { settings, address, addressKey: key, isLoopback: loopback }));
  }

  /** Ends sessions. @returns how many. */
  disconnect({ agentId, instance, addressKey: key, code }: Disconnection): number {
    const ended = [...this.roster].filter(
      ({ peer, addressKey: own }) =>
        (agentId === undefined || peer.agentId === agentId) &&
        (instance === undefined || peer.instance === instance) &&
        (key === undefined || own === key),
    );
    for (const connection of ended) {
      if (code === undefined) connection.close();
      else connection.session.fail(code, monotonicNow());
      connection.wake();
    }
    return ended.length;
  }

  onStranger(connection: AgentConnection, stranger: Stranger): void {
    this.totals.refused.add(stranger);
    this.#options.gate.fail(connection.addressKey, monotonicNow());
    this.#options.log.warn('closed: not Sealane', { address: connection.address, looksLike: stranger });
  }

  onIdentified(connection: AgentConnection, event: AgentIdentifiedEvent): void {
    if (this.isDraining) {
      this.#refuseAgent(connection, event, 'E_DRAINING');
      return;
    }
    const verdict = this.#options.admission.decide({ ...event, isLoopback: connection.isLoopback });
    if (!(verdict instanceof Promise)) {
      this.#follow(connection, event, verdict);
      return;
    }
    this.#afterwards(connection, event, verdict, (known) => this.#follow(connection, event, known));
  }

  onOpened(connection: AgentConnection): void {
    this.totals.handshakesSucceeded += 1;
    this.totals.handshakeSeconds.observe((monotonicNow() - connection.openedAt) / 1_000);
    const { peer } = connection;
    const replaced = this.roster.add(connection);
    if (replaced !== undefined) {
      replaced.session.fail('E_REPLACED', monotonicNow());
      replaced.wake();
    }
    connection.delivery = this.#options.attach(connection);
    const { agentId, instance, address, resumed, suite } = peer;
    this.#options.log.info('agent connected', {
      agent: agentId,
      instance,
      address,
      suite: suiteName(suite),
      resumed,
      fingerprint: fingerprint(nativeCrypto, peer.agentKey),
    });
    this.#options.onConnected(peer);
  }

  onClosed(connection: AgentConnection, event: ClosedEvent): void {
    const reason = event.code ?? event.reason;
    if (!connection.wasOpen) {
      this.#onHandshakeFailed(connection, reason);
      return;
    }
    const { peer, requests, bytesIn, bytesOut } = connection;
    this.roster.remove(connection);
    this.totals.disconnected.add(reason);
    const { agentId, instance, address } = peer;
    const seconds = Math.round((monotonicNow() - connection.openedAt) / 1_000);
    const counts = { seconds, requests, bytesIn, bytesOut };
    this.#options.log.info('agent disconnected', { agent: agentId, instance, address, reason, ...counts });
    this.#options.onDisconnected(peer, reason);
  }

  onSocketClosed(connection: AgentConnection): void {
    this.all.delete(connection);
    this.totals.requests += connection.requests;
    this.totals.bytesIn += connection.bytesIn;
    this.totals.bytesOut += connection.bytesOut;
    this.#options.gate.close(connection.addressKey, connection.isAuthenticated);
  }

  onFault(connection: AgentConnection, error: unknown, handler: string | undefined): void {
    this.totals.faults += 1;
    const agent = connection.admitted?.agentId;
    if (handler === undefined) this.#options.log.error('connection cut by a fault', { agent, error });
    else this.#options.log.error('a handler failed', { agent, handler, error });
  }

  #judge(key: string, loopback: boolean): Refusal | undefined {
    if (this.isDraining || this.isEvacuated)
      return { reason: 'draining', code: 'E_DRAINING', retryAfterMs: RETRY_AFTER_MS };
    const retryAfterMs = this.#options.bans.addressWaitMs(key);
    if (retryAfterMs > 0) return { reason: 'banned', code: 'E_RATE_LIMITED', retryAfterMs };
    return this.#options.gate.judge(key, { isLoopback: loopback, now: monotonicNow() });
  }

  #refuse(socket: Socket, address: string, refusal: Refusal): void {
    this.totals.refused.add(refusal.reason);
    this.#options.log.warn('connection refused', { address, reason: refusal.reason });
    const silent = this.#refusing >= POLITE_REFUSALS_MAX;
    this.#refusing += 1;
    const onGone = (): void => {
      this.#refusing -= 1;
    };
    refuseSocket(socket, refusal, { silent, onGone });
  }

  /** Does what was decided, once it is safe. */
  #follow(connection: AgentConnection, event: AgentIdentifiedEvent, verdict: Verdict): void {
    const { agentId, instance } = event;
    if (!verdict.admitted) {
      this.#refuseAgent(connection, event, verdict.code);
      return;
    }
    const isNewInstance = this.roster.find(agentId, instance) === undefined;
    if (isNewInstance && this.roster.instanceCount(agentId) >= this.#options.limits.instancesPerAgentMax) {
      this.#refuseAgent(connection, event, 'E_TOO_MANY_CONNECTIONS');
      return;
    }
    if (verdict.durable === undefined) {
      this.#accept(connection, event, verdict.enrolledBy);
      return;
    }
    this.#afterwards(connection, event, verdict.durable, () => this.#accept(connection, event, verdict.enrolledBy));
  }

  /** Goes on when something is decided or stored; where that failed, the agent may try again. */
  #afterwards<Value>(
    connection: AgentConnection,
    event: AgentIdentifiedEvent,
    decided: Promise<Value>,
    goOn: (value: Value) => void,
  ): void {
    decided
      .then(goOn, (error: unknown) => {
        this.#options.log.error('enrolment not stored', { agent: event.agentId, error });
        this.#refuseAgent(connection, event, 'E_BUSY');
      })
      .then(() => {
        connection.wake();
      })
      // A fault of ours while admitting costs this connection, not the process.
      .catch((error: unknown) => {
        this.onFault(connection, error, undefined);
        connection.destroy();
      });
  }

  #refuseAgent(connection: AgentConnection, event: AgentIdentifiedEvent, code: ErrorCode): void {
    const retryAfterMs = BLAMELESS.has(code) ? RETRY_AFTER_MS : 0;
    this.#options.log.info('agent refused', { agent: event.agentId, address: connection.address, code });
    connection.session.refuse(code, monotonicNow(), retryAfterMs);
    this.#options.onRefused({ agentId: event.agentId, address: connection.address, code });
  }

  #accept(connection: AgentConnection, event: AgentIdentifiedEvent, enrolledBy: EnrolledBy | undefined): void {
    const { session, address, port } = connection;
    if (session.state !== 'AwaitDecision') return;
    if (this.#isBanned(connection, event)) {
      this.#refuseAgent(connection, event, 'E_BANNED');
      return;
    }
    if (!this.#options.gate.authenticate(connection.addressKey)) {
      this.#refuseAgent(connection, event, 'E_TOO_MANY_CONNECTIONS');
      return;
    }
    connection.isAuthenticated = true;
    if (enrolledBy !== undefined) this.#noteEnrolment(event, connection, enrolledBy);
    const { resumeTokens, wallClock } = this.#options;
    const { agentId, instance, agentKey, suite, build } = event;
    const connectedAt = wallClock();
    const resumable = event.resumeToken && resumeTokens.redeem(event.resumeToken, event, connectedAt);
    const sessionId = resumable ?? systemRandom(SESSION_ID_BYTES);
    const resumed = resumable instanceof Uint8Array;
    const about = { agentId, instance, agentKey, address, port, suite, build };
    connection.admitted = { ...about, sessionId, resumed, connectedAt };
    session.accept(
      {
        agentId,
        sessionId,
        resumed,
        resumeToken: resumeTokens.issue(event, sessionId, connectedAt),
        retryBaseMs: RETRY_BASE_MS,
        retryCapMs: RETRY_CAP_MS,
        retryWindowMs: this.retryWindowMs,
      },
      monotonicNow(),
    );
  }

  /** Whoever was banned while its admission was decided is in no list of those that had to go. */
  #isBanned({ addressKey: key }: AgentConnection, { agentId }: AgentIdentifiedEvent): boolean {
    const { bans } = this.#options;
    return bans.find('agent', agentId) !== undefined || bans.find('address', key) !== undefined;
  }

  #noteEnrolment({ agentId }: AgentIdentifiedEvent, { address }: AgentConnection, by: EnrolledBy): void {
    this.totals.enrolled.add(by);
    this.#options.log.info('agent enrolled', { agent: agentId, by });
    this.#options.onEnrolled({ agentId, address, by });
  }

  /** Whoever came with nothing to say, such as a health check of the port, is counted and not blamed. */
  #onHandshakeFailed(connection: AgentConnection, reason: DisconnectReason): void {
    if (connection.isStranger) return;
    const saidNothing = connection.bytesIn === 0 && reason === 'truncated';
    this.totals.handshakesFailed.add(saidNothing ? 'silent' : reason);
    if (saidNothing || BLAMELESS.has(reason)) return;
    this.#options.gate.fail(connection.addressKey, monotonicNow());
    this.#options.log.info('handshake failed', { address: connection.address, code: reason });
  }
}
