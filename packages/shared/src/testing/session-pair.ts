/** SessionPair: the smallest whole system, for tests. */
import { WriterPool } from '../bytes/index.ts';
import { IdentityKeys, portableCrypto, type Crypto, type Random, type StaticKeyPair } from '../crypto/index.ts';
import { PacketReader } from '../packets/index.ts';
import {
  AgentSession,
  ServerSession,
  type AgentSessionSettings,
  type ServerSessionSettings,
  type Session,
  type SessionEnvironment,
  type SessionEvent,
  type SessionSettings,
} from '../session/index.ts';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, SUITE } from '../wire/index.ts';
import { seededRandom } from './seeded-random.ts';

/** What may differ from the defaults. */
export interface SessionPairOptions {
  readonly seed?: number;
  readonly agentCrypto?: Crypto;
  readonly serverCrypto?: Crypto;
  readonly agent?: Partial<AgentSessionSettings>;
  readonly server?: Partial<ServerSessionSettings>;
  /** Where the owner of a session does not decide by itself: `trust` of the agent, `decision` of the server. */
  readonly holds?: 'trust' | 'decision';
  /** Changes what travels; an empty list drops it. Default: as it is. */
  readonly onWire?: (piece: Uint8Array, from: 'agent' | 'server') => readonly Uint8Array[];
}

/**
 * An agent's and a server's session joined by a link in memory, under a virtual clock in ms (`now`) and seeded
 * randomness. Nothing moves before `run`.
 */
export class SessionPair {
  now = 1_000;
  readonly agent: AgentSession;
  readonly server: ServerSession;
  readonly agentEvents: SessionEvent[] = [];
  readonly serverEvents: SessionEvent[] = [];
  /** Everything that travelled, in order. */
  readonly wire: { readonly from: 'agent' | 'server'; readonly bytes: Uint8Array }[] = [];
  readonly #onWire: NonNullable<SessionPairOptions['onWire']>;
  readonly #holds: SessionPairOptions['holds'];

  constructor(options: SessionPairOptions = {}) {
    const random = seededRandom(options.seed ?? 1);
    this.#onWire = options.onWire ?? ((piece) => [piece]);
    this.#holds = options.holds;
    const suites = [SUITE.hybrid];
    const common = { suites, limits: DEFAULT_SESSION_LIMITS, announced: DEFAULT_PEER_LIMITS, build: 'test' };
    const agentCrypto = options.agentCrypto ?? portableCrypto;
    const serverCrypto = options.serverCrypto ?? portableCrypto;
    this.agent = new AgentSession(
      {
        ...common,
        environment: environment(agentCrypto, random),
        identity: identityOf(options.agent, agentCrypto, random(32)),
        agentId: 'agent-1',
        instance: 'main',
        enrolmentToken: null,
        resumeToken: null,
        ...options.agent,
      },
      this.now,
    );
    this.server = new ServerSession(
      {
        ...common,
        environment: environment(serverCrypto, random),
        identity: identityOf(options.server, serverCrypto, random(32)),
        successions: [],
        ...options.server,
      },
      this.now,
    );
  }

  /** Hands over what waits, in both directions, until nothing moves; trusts and accepts on the way. */
  run(): this {
    for (let moved = true; moved;) {
      moved = this.#move(this.agent, this.server, 'agent') || this.#move(this.server, this.agent, 'server');
    }
    return this;
  }

  /** Lets time pass and both sides notice. */
  pass(ms: number): this {
    this.now += ms;
    this.agent.timeout(this.now);
    this.server.timeout(this.now);
    return this.run();
  }

  /** Events of one kind that a side has seen. */
  seen<Type extends SessionEvent['type']>(
    side: 'agent' | 'server',
    type: Type,
  ): Extract<SessionEvent, { type: Type }>[] {
    const events = side === 'agent' ? this.agentEvents : this.serverEvents;
    return events.filter((event): event is Extract<SessionEvent, { type: Type }> => event.type === type);
  }

  #move(from: Session, to: Session, name: 'agent' | 'server'): boolean {
    this.#takeEvents();
    from.flush(this.now);
    const pieces = from.takeOutput();
    for (const piece of pieces) {
      this.wire.push({ from: name, bytes: piece.slice() });
      for (const delivered of this.#onWire(piece, name)) to.receive(delivered, this.now);
    }
    this.#takeEvents();
    return pieces.length > 0;
  }

  #takeEvents(): void {
    for (let event = this.agent.nextEvent(); event !== undefined; event = this.agent.nextEvent()) {
      this.agentEvents.push(event);
      if (event.type === 'server-identified' && this.#holds !== 'trust') this.agent.trust(this.now);
    }
    for (let event = this.server.nextEvent(); event !== undefined; event = this.server.nextEvent()) {
      this.serverEvents.push(event);
      if (event.type === 'agent-identified' && this.#holds !== 'decision') {
        this.server.accept(acceptance(event.agentId), this.now);
      }
    }
  }
}

function environment(crypto: Crypto, random: Random): SessionEnvironment {
  return { crypto, random, writers: new WriterPool(), reader: new PacketReader() };
}

function acceptance(agentId: string): Parameters<ServerSession['accept']>[0] {
  return {
    agentId,
    sessionId: new Uint8Array(16).fill(7),
    resumed: false,
    resumeToken: new Uint8Array(0),
    retryBaseMs: 100,
    retryCapMs: 30_000,
    retryWindowMs: 1_000,
  };
}

/** The one that was given, or one of this seed: as much is drawn either way. */
function identityOf(given: Partial<SessionSettings> | undefined, crypto: Crypto, seed: Uint8Array): StaticKeyPair {
  return given?.identity ?? new IdentityKeys(crypto, seed).static;
}
