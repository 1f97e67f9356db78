/**
 * A peer with valid keys that writes what it likes: the handshake is done properly, after that a test seals whatever it
 * wants and reads, or does not, at its own speed. Not part of the product.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ByteWriter } from '@sealane/shared/bytes';
import { AgentSession, type AgentSessionSettings, type SessionEvent } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { createEnvironment, monotonicNow } from '@sealane/node/transport';
import { newIdentity } from '../test-agent.ts';

export interface SessionPeerOptions {
  readonly port: number;
  readonly from?: string;
  readonly agentId?: string;
  readonly settings?: Partial<AgentSessionSettings>;
}

const environment = createEnvironment();

export class SessionPeer {
  readonly socket: Socket;
  readonly session: AgentSession;
  readonly events: SessionEvent[] = [];
  readonly ended: Promise<void>;
  #isDeaf = false;

  private constructor(socket: Socket, options: SessionPeerOptions) {
    this.socket = socket;
    this.session = new AgentSession(
      {
        environment,
        identity: newIdentity().static,
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

  /** Connects, and waits for the end of the handshake. */
  static async open(options: SessionPeerOptions): Promise<SessionPeer> {
    const { port, from } = options;
    const socket = connect({ host: '127.0.0.1', port, ...(from !== undefined && { localAddress: from }) });
    await once(socket, 'connect');
    const peer = new SessionPeer(socket, options);
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
      if (event.type === 'server-identified') this.session.trust(monotonicNow());
    }
    this.session.flush(monotonicNow());
    for (const piece of this.session.takeOutput()) this.socket.write(piece);
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
    for (const piece of this.session.takeOutput()) this.socket.write(piece);
    return this;
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
