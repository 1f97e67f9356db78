/**
 * An evil server with valid keys: the handshake is done properly as far as a test wants it, after that it seals whatever the
 * test likes. Not the product's server, and not part of the product.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { ByteWriter } from '@sealane/shared/bytes';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { encodeClose } from '@sealane/shared/packets';
import {
  ServerSession,
  type Acceptance,
  type AgentDeliveryPacket,
  type ClosedEvent,
  type SessionEvent,
} from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, SUITE } from '@sealane/shared/wire';
import { createEnvironment, monotonicNow, systemRandom } from '@sealane/node/transport';

const environment = createEnvironment();

export interface EvilServerOptions {
  /** Takes the first bytes of a connection in place of a session. */
  readonly onFirstBytes?: (socket: Socket) => void;
  /** Bytes that are written together with 0x02. */
  readonly behindResponse?: Uint8Array;
  /** What is done with an agent that identified itself, in place of admitting it. */
  readonly onIdentified?: (connection: EvilConnection) => void;
  readonly acceptance?: Partial<Acceptance>;
  /** Packets about events that came. */
  readonly onDelivery?: (connection: EvilConnection, packet: AgentDeliveryPacket) => void;
}

export class EvilConnection {
  readonly session: ServerSession;
  readonly socket: Socket;
  readonly packets: AgentDeliveryPacket[] = [];
  closed: ClosedEvent | undefined;
  readonly #options: EvilServerOptions;
  #isDeaf = false;

  constructor(server: EvilServer, socket: Socket) {
    this.socket = socket;
    this.#options = server.options;
    this.session = new ServerSession(
      {
        environment,
        identity: server.identity.static,
        suites: [SUITE.classical],
        limits: DEFAULT_SESSION_LIMITS,
        announced: DEFAULT_PEER_LIMITS,
        build: 'evil',
        successions: [],
      },
      monotonicNow(),
    );
    socket.on('data', (chunk: Buffer) => {
      if (this.#isDeaf) return;
      const isFirst = this.session.state === 'AwaitEncryptionRequest';
      if (isFirst && this.#options.onFirstBytes !== undefined) this.#options.onFirstBytes(socket);
      else this.#receive(chunk, isFirst);
    });
    socket.on('error', () => undefined);
  }

  /** Takes no notice of what comes from now on. */
  stopListening(): this {
    this.#isDeaf = true;
    return this;
  }

  /** Seals packets that no program of ours would send, into one record, and writes it. */
  forge(write: (writer: ByteWriter) => void): this {
    // Tests may: an evil server has these keys too.
    const outbox = this.session['outbox'];
    write(outbox.writer());
    outbox.seal();
    this.#write();
    return this;
  }

  /** An orderly end behind everything else. */
  forgeEnd(): this {
    return this.forge((writer) => encodeClose(writer, 0));
  }

  /** Passes on what its session has to say. */
  step(): void {
    for (let event = this.session.nextEvent(); event !== undefined; event = this.session.nextEvent())
      this.#onEvent(event);
    this.session.flush(monotonicNow());
    this.#write();
  }

  #receive(chunk: Buffer, isFirst: boolean): void {
    this.session.receive(chunk, monotonicNow());
    this.socket.cork();
    this.step();
    const { behindResponse } = this.#options;
    if (isFirst && behindResponse !== undefined) this.socket.write(behindResponse);
    this.socket.uncork();
  }

  #onEvent(event: SessionEvent): void {
    const { onIdentified, acceptance, onDelivery } = this.#options;
    if (event.type === 'agent-identified') {
      if (onIdentified !== undefined) onIdentified(this);
      else this.session.accept({ ...ACCEPTANCE, agentId: event.agentId, ...acceptance }, monotonicNow());
    } else if (event.type === 'delivery') {
      const packet = event.packet as AgentDeliveryPacket;
      this.packets.push(packet);
      onDelivery?.(this, packet);
    } else if (event.type === 'closed') this.closed = event;
  }

  #write(): void {
    for (const piece of this.session.takeOutput()) this.socket.write(piece);
  }
}

const ACCEPTANCE: Acceptance = {
  agentId: '',
  sessionId: new Uint8Array(16).fill(7),
  resumed: false,
  resumeToken: new Uint8Array(0),
  retryBaseMs: 100,
  retryCapMs: 1_000,
  retryWindowMs: 100,
};

export class EvilServer {
  readonly options: EvilServerOptions;
  readonly identity = new IdentityKeys(nativeCrypto, systemRandom(32));
  readonly connections: EvilConnection[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: EvilServerOptions) {
    this.options = options;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      this.connections.push(new EvilConnection(this, socket));
    });
  }

  static async listen(options: EvilServerOptions = {}): Promise<EvilServer> {
    const server = new EvilServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The newest connection. */
  get last(): EvilConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody connected');
    return last;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
