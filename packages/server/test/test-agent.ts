/** A small agent for tests: one AgentSession over one TCP connection, without reconnect. Not part of the product. */
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { Channel, HandlerSet, type RequestHandler } from '@sealane/shared/channel';
import { parseEnrolmentToken } from '@sealane/shared/documents';
import type {
  AgentSessionSettings,
  ClosedEvent,
  OpenedEvent,
  ServerDeliveryPacket,
  SessionEvent,
} from '@sealane/shared/session';
import { AgentSession } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { TcpConnection, connectTcp, createEnvironment, monotonicNow, systemRandom } from '@sealane/node/transport';

/** What may differ from the defaults. */
export interface TestAgentOptions {
  readonly port: number;
  readonly host?: string;
  readonly agentId?: string;
  readonly instance?: string;
  readonly identity?: IdentityKeys;
  /** Text of an enrolment token. */
  readonly token?: string;
  readonly resumeToken?: Uint8Array;
  readonly settings?: Partial<AgentSessionSettings>;
}

/** A fresh identity. */
export function newIdentity(): IdentityKeys {
  return new IdentityKeys(nativeCrypto, systemRandom(32));
}

const environment = createEnvironment();

export class TestAgent {
  readonly handlers = new HandlerSet();
  readonly channel: Channel;
  readonly events: SessionEvent[] = [];
  readonly opened: Promise<OpenedEvent>;
  readonly closed: Promise<ClosedEvent>;
  serverKey: Uint8Array | undefined;
  successions: readonly Uint8Array[] = [];
  /** Takes the packets about events. */
  onDelivery: ((packet: ServerDeliveryPacket) => void) | undefined;
  readonly session: AgentSession;
  readonly #connection: TcpConnection;

  private constructor(session: AgentSession, connection: (owner: TestAgent) => TcpConnection) {
    this.session = session;
    const opened = Promise.withResolvers<OpenedEvent>();
    const closed = Promise.withResolvers<ClosedEvent>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    this.opened.catch(() => undefined);
    this.#onOpened = opened.resolve;
    this.#onClosed = (event) => {
      closed.resolve(event);
      opened.reject(new Error(`refused: ${event.code ?? event.reason}`, { cause: event }));
    };
    this.#connection = connection(this);
    this.channel = new Channel({
      session: this.#connection.session,
      handlers: this.handlers,
      peer: undefined,
      now: monotonicNow,
      wake: () => this.#connection.wake(),
      unsentBytes: () => this.#connection.unsentBytes,
      highWaterBytes: 1_048_576,
      onHandlerError: () => undefined,
    });
  }

  readonly #onOpened: (event: OpenedEvent) => void;
  readonly #onClosed: (event: ClosedEvent) => void;

  /** Connects; `opened` and `closed` tell how it went. */
  static async start(options: TestAgentOptions): Promise<TestAgent> {
    let connection: TcpConnection | undefined;
    const socket = await connectTcp({
      host: options.host ?? '127.0.0.1',
      port: options.port,
      timeoutMs: 5_000,
      onBytes: (bytes) => connection?.receive(bytes),
    });
    const token = options.token === undefined ? null : (parseEnrolmentToken(options.token)?.bytes ?? new Uint8Array(1));
    const session = new AgentSession(
      {
        environment,
        identity: (options.identity ?? newIdentity()).static,
        suites: suitesFor('pq'),
        limits: DEFAULT_SESSION_LIMITS,
        announced: DEFAULT_PEER_LIMITS,
        build: 'test-agent',
        agentId: options.agentId ?? `agent-${Math.random().toString(36).slice(2)}`,
        instance: options.instance ?? 'main',
        enrolmentToken: token,
        resumeToken: options.resumeToken ?? null,
        ...options.settings,
      },
      monotonicNow(),
    );
    return new TestAgent(session, (owner) => {
      connection = new TcpConnection(socket, session, {
        readsItself: true,
        owner: {
          onEvent: (event) => owner.#onEvent(event, session),
          onDrain: () => owner.channel.onDrain(),
          wantsPause: () => false,
          onFault: (error) => {
            throw error;
          },
        },
      });
      return connection;
    });
  }

  /** Connects and waits until the server has accepted. @throws Error `refused: E_…`. */
  static async open(options: TestAgentOptions): Promise<TestAgent> {
    const agent = await TestAgent.start(options);
    await agent.opened;
    return agent;
  }

  handle(name: string, handler: RequestHandler): this {
    this.handlers.handle(name, handler);
    return this;
  }

  /** What was sent in this turn goes out. */
  wake(): void {
    this.#connection.wake();
  }

  /** An orderly end. */
  async close(): Promise<ClosedEvent> {
    this.#connection.close();
    return await this.closed;
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#connection.destroy();
  }

  #onEvent(event: SessionEvent, session: AgentSession): void {
    if (event.type === 'delivery') {
      this.onDelivery?.(event.packet as ServerDeliveryPacket);
      return;
    }
    this.events.push(event);
    if (event.type === 'server-identified') {
      this.serverKey = event.serverKey;
      this.successions = event.successions;
      session.trust(monotonicNow());
    } else if (event.type === 'opened') this.#onOpened(event);
    else {
      this.channel.dispatch(event);
      if (event.type === 'closed') this.#onClosed(event);
    }
  }
}

/** How a connection attempt ended: `open`, or the code or reason it was refused with. */
export async function outcome(options: TestAgentOptions): Promise<string> {
  const agent = await TestAgent.start(options);
  const result = await Promise.race([
    agent.opened.then(
      () => 'open',
      () => 'refused',
    ),
  ]);
  if (result === 'open') {
    await agent.close();
    return result;
  }
  const { code, reason } = await agent.closed;
  return code ?? reason;
}
