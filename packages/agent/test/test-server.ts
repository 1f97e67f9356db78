/**
 * A small server for the agent's tests: real sessions over real sockets, and every decision in the test's hands. It
 * echoes requests. Not the product's server, which test/processes.test.ts runs.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Channel, HandlerSet, type Content } from '@sealane/shared/channel';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { ErrorCode } from '@sealane/shared/errors';
import type { MessagingCall, ServerMessagingPacket } from '@sealane/shared/items';
import { ServerSession, type Acceptance, type AgentIdentifiedEvent, type SessionEvent } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { TcpConnection, createEnvironment, monotonicNow, systemRandom } from '@sealane/node/transport';

const environment = createEnvironment();

/** What a test decides. */
export interface TestServerOptions {
  readonly identity?: IdentityKeys;
  readonly successions?: readonly Uint8Array[];
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Refuses with a code, or admits with these times. */
  readonly decide?: (agent: AgentIdentifiedEvent, attempt: number) => ErrorCode | Partial<Acceptance> | undefined;
  /** Refuses in clear, in place of 0x02. */
  readonly reject?: { readonly code: ErrorCode; readonly retryAfterMs: number };
  readonly retryAfterMs?: number;
  /** Takes calls of messaging. */
  readonly onCall?: (call: MessagingCall, connection: TestConnection) => void;
}

export class TestConnection {
  readonly session: ServerSession;
  readonly connection: TcpConnection;
  readonly channel: Channel<TestConnection>;
  agent: AgentIdentifiedEvent | undefined;
  ended: SessionEvent | undefined;

  constructor(server: TestServer, socket: Socket) {
    const common = { environment, suites: suitesFor('any'), limits: DEFAULT_SESSION_LIMITS };
    this.session = new ServerSession(
      {
        ...common,
        identity: server.identity.static,
        announced: DEFAULT_PEER_LIMITS,
        build: 'test-server 1',
        successions: server.options.successions ?? [],
      },
      monotonicNow(),
    );
    this.channel = new Channel<TestConnection>({
      session: this.session,
      handlers: server.handlers,
      peer: this,
      now: monotonicNow,
      wake: () => this.connection.wake(),
      unsentBytes: () => this.connection.unsentBytes,
      highWaterBytes: 1_048_576,
      onHandlerError: () => undefined,
    });
    const { reject } = server.options;
    if (reject !== undefined) this.session.reject(reject.code, reject.retryAfterMs);
    this.connection = new TcpConnection(socket, this.session, {
      owner: {
        onEvent: (event) => {
          if (event.type === 'agent-identified') server.onAgent(this, event);
          else if (event.type === 'closed') this.ended = event;
          else if (event.type === 'messaging') server.options.onCall?.(event.packet as MessagingCall, this);
          if (event.type !== 'agent-identified' && event.type !== 'messaging') this.channel.dispatch(event);
        },
        onDrain: () => this.channel.onDrain(),
        wantsPause: () => this.channel.wantsPause,
        onFault: () => undefined,
      },
    });
  }
}

/** Says something about messaging. */
export function say(connection: TestConnection, packet: ServerMessagingPacket): void {
  connection.session.sendMessaging(packet);
  connection.connection.wake();
}

export class TestServer {
  readonly options: TestServerOptions;
  readonly identity: IdentityKeys;
  readonly handlers = new HandlerSet<TestConnection>();
  readonly connections: TestConnection[] = [];
  readonly agents: AgentIdentifiedEvent[] = [];
  /** Monotonic times of the TCP connections. */
  readonly acceptedAt: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: TestServerOptions) {
    this.options = options;
    this.identity = options.identity ?? newIdentity();
    this.handlers.fallback = (request): Content =>
      request.contentType === 'text/plain' ? request.text() : request.body;
    this.#server = createServer((socket) => {
      this.acceptedAt.push(monotonicNow());
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.connections.push(new TestConnection(this, socket));
    });
  }

  static async listen(options: TestServerOptions = {}): Promise<TestServer> {
    const server = new TestServer(options);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
    });
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get fingerprint(): string {
    return fingerprint(nativeCrypto, this.identity.static.publicKey);
  }

  /** The newest connection. */
  get last(): TestConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody connected');
    return last;
  }

  onAgent(connection: TestConnection, event: AgentIdentifiedEvent): void {
    connection.agent = event;
    this.agents.push(event);
    const decision = this.options.decide?.(event, this.agents.length);
    if (typeof decision === 'string') {
      connection.session.refuse(decision, monotonicNow(), this.options.retryAfterMs ?? 0);
      return;
    }
    connection.session.accept({ ...acceptance(event), ...decision }, monotonicNow());
  }

  /** Cuts every connection without a word. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Frees the port and cuts what is open. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A new identity. */
export function newIdentity(): IdentityKeys {
  return new IdentityKeys(nativeCrypto, systemRandom(32));
}

function acceptance(event: AgentIdentifiedEvent): Acceptance {
  return {
    agentId: event.agentId,
    sessionId: systemRandom(16),
    resumed: event.resumeToken !== null,
    resumeToken: systemRandom(32),
    retryBaseMs: 50,
    retryCapMs: 400,
    retryWindowMs: 50,
  };
}
