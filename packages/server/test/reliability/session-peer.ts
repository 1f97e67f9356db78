/**
 * A peer with valid keys that writes what it likes: the handshake is done properly, after that a test seals whatever it
 * wants and reads, or does not, at its own speed. Not part of the product.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ByteWriter } from '@sealane/shared/bytes';
import type { IdentityKeys } from '@sealane/shared/crypto';
import type { ErrorCode } from '@sealane/shared/errors';
import { AgentSession, type AgentSessionSettings, type SessionEvent } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { createEnvironment, monotonicNow } from '@sealane/node/transport';
import { newIdentity } from '../test-agent.ts';

export interface SessionPeerOptions {
  readonly port: number;
  readonly from?: string;
  readonly agentId?: string;
  readonly identity?: IdentityKeys;
  readonly settings?: Partial<AgentSessionSettings>;
  /** Plaintext of a record that is written together with 0x03, before the server can have admitted anybody. */
  readonly behindFinish?: Uint8Array;
}

const environment = createEnvironment();

export class SessionPeer {
  readonly socket: Socket;
  readonly session: AgentSession;
  readonly events: SessionEvent[] = [];
  readonly ended: Promise<void>;
  readonly #behindFinish: Uint8Array | undefined;
  #isDeaf = false;

  private constructor(socket: Socket, options: SessionPeerOptions) {
    this.socket = socket;
    this.#behindFinish = options.behindFinish;
    this.session = new AgentSession(
      {
        environment,
        identity: (options.identity ?? newIdentity()).static,
        suites: suitesFor('pq'),
        limits: { ...DEFAULT_SESSION_LIMITS, handshakeTimeoutMs: 60_000 },
        announced: DEFAULT_PEER_LIMITS,
        build: 'peer',
        agentId: options.agentId ?? `peer-${Math.random().toString(36).slice(2)}`,
        instance: 'main',
        enrolmentToken: null,
        resumeToken: null,
        ...options.settings,
      },
      monotonicNow(),
    );
    this.ended = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (this.#isDeaf) return;
      this.session.receive(chunk, monotonicNow());
      this.step();
    });
    this.step();
  }

  /** Connects, and begins the handshake. */
  static async start(options: SessionPeerOptions): Promise<SessionPeer> {
    const { port, from } = options;
    const socket = connect({ host: '127.0.0.1', port, ...(from !== undefined && { localAddress: from }) });
    await once(socket, 'connect');
    return new SessionPeer(socket, options);
  }

  /** Connects, and waits for the end of the handshake. */
  static async open(options: SessionPeerOptions): Promise<SessionPeer> {
    const peer = await SessionPeer.start(options);
    const { socket } = peer;
    const endAt = performance.now() + 20_000;
    while (peer.session.state !== 'Open') {
      if (socket.destroyed || performance.now() > endAt) throw new Error(`not open: ${peer.session.state}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return peer;
  }

  /** Passes on what the session has to say. */
  step(): void {
    for (let event = this.session.nextEvent(); event !== undefined; event = this.session.nextEvent()) {
      this.events.push(event);
      if (event.type !== 'server-identified') continue;
      this.session.trust(monotonicNow());
      const behind = this.#behindFinish;
      if (behind !== undefined) this.forge((writer) => writer.bytes(behind));
    }
    this.session.flush(monotonicNow());
    this.#write();
  }

  /** Reads nothing from now on: the socket's window closes. */
  stopReading(): this {
    this.#isDeaf = true;
    this.socket.pause();
    return this;
  }

  /** Reads, and takes no notice of what it reads. */
  stopListening(): this {
    this.#isDeaf = true;
    return this;
  }

  /** Seals packets that no program of ours would send, into one record, and writes it. */
  forge(write: (writer: ByteWriter) => void): this {
    // Tests may: an evil peer has these keys too.
    const outbox = this.session['outbox'];
    write(outbox.writer());
    outbox.seal();
    this.#write();
    return this;
  }

  /** How the server ended it, as it said; undefined where it said nothing. */
  get told(): ErrorCode | 'closed' | undefined {
    const end = this.events.find((event) => event.type === 'closed');
    if (end?.byPeer !== true || end.reason === 'truncated') return undefined;
    return end.code ?? 'closed';
  }

  #write(): void {
    this.socket.cork();
    for (const piece of this.session.takeOutput()) this.socket.write(piece);
    this.socket.uncork();
  }

  /** Waits until the socket can take more, or for `limitMs`. */
  async writable(limitMs: number): Promise<boolean> {
    if (this.socket.writableLength < 262_144) return true;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), limitMs);
    const drained = await once(this.socket, 'drain', { signal: timeout.signal }).then(
      () => true,
      () => false,
    );
    clearTimeout(timer);
    return drained;
  }
}
