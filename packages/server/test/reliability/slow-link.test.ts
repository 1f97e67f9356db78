/** The rule for slow readers by time (B2), on real sockets, with the window of 30 s made short. */
import { once } from 'node:events';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { ClosedEvent } from '@sealane/shared/session';
import { ServerSession } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { DEFAULT_CONNECTION_LIMITS, TcpConnection, createEnvironment, monotonicNow } from '@sealane/node/transport';
import { newIdentity } from '../test-agent.ts';
import { SessionPeer } from './session-peer.ts';

jest.setTimeout(20_000);

const WINDOW_MS = 800;
const BYTES_PER_SECOND = 4_096;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server of one connection, which is told to send; who reads slower than the rule is cut. */
class TalkingServer {
  readonly closed = Promise.withResolvers<ClosedEvent>();
  connection: TcpConnection | undefined;
  session: ServerSession | undefined;
  readonly #listener: NetServer;

  constructor() {
    this.#listener = createServer((socket) => this.#take(socket)).listen(0, '127.0.0.1');
  }

  async port(): Promise<number> {
    if (!this.#listener.listening) await once(this.#listener, 'listening');
    return (this.#listener.address() as { port: number }).port;
  }

  /** Sends until `bytes` wait. */
  talk(bytes: number): void {
    const body = new Uint8Array(64_000);
    for (let sent = 0; sent < bytes; sent += body.length) this.session?.notify('news', body, null);
    this.connection?.wake();
  }

  close(): void {
    this.connection?.destroy();
    this.#listener.close();
  }

  #take(socket: Socket): void {
    const session = new ServerSession(
      {
        environment: createEnvironment(),
        identity: newIdentity().static,
        suites: suitesFor('pq'),
        limits: DEFAULT_SESSION_LIMITS,
        announced: DEFAULT_PEER_LIMITS,
        build: 'talking',
        successions: [],
      },
      monotonicNow(),
    );
    this.session = session;
    this.connection = new TcpConnection(socket, session, {
      limits: {
        ...DEFAULT_CONNECTION_LIMITS,
        slowReaderWindowMs: WINDOW_MS,
        slowReaderBytesPerSecond: BYTES_PER_SECOND,
      },
      owner: {
        onEvent: (event) => {
          if (event.type === 'closed') this.closed.resolve(event);
          if (event.type !== 'agent-identified') return;
          const empty = new Uint8Array(16);
          const times = { retryBaseMs: 1, retryCapMs: 1, retryWindowMs: 1 };
          const { agentId } = event;
          session.accept({ agentId, sessionId: empty, resumed: false, resumeToken: empty, ...times }, monotonicNow());
        },
        onDrain: () => undefined,
        wantsPause: () => false,
        onFault: (error) => {
          throw error;
        },
      },
    });
  }
}

let server: TalkingServer;
afterEach(() => server.close());

async function connected(): Promise<SessionPeer> {
  server = new TalkingServer();
  return await SessionPeer.open({ port: await server.port() });
}

describe('readers by time', () => {
  it('B2: one that reads next to nothing is cut after the window, however little it was sent', async () => {
    const peer = (await connected()).stopReading();
    server.talk(12_000_000);
    const start = performance.now();
    expect(await server.closed.promise).toMatchObject({ reason: 'failed', code: 'E_SLOW_READER', byPeer: false });
    expect(performance.now() - start).toBeGreaterThan(WINDOW_MS - 50);
    expect(performance.now() - start).toBeLessThan(10 * WINDOW_MS);
    expect(server.connection?.socket.destroyed).toBe(true);
    peer.socket.destroy();
  });

  it('B2: one that is slow but above the rule stays, and gets everything', async () => {
    const peer = await connected();
    server.talk(12_000_000);
    const reading = setInterval(() => {
      peer.socket.resume();
      setImmediate(() => peer.socket.pause());
    }, 5);
    await pause(4 * WINDOW_MS);
    expect(server.session?.state).toBe('Open');
    clearInterval(reading);
    peer.socket.resume();
    const whole = () => peer.events.filter(({ type }) => type === 'notification').length === 188;
    for (let waited = 0; waited < 5_000 && !whole(); waited += 20) await pause(20);
    expect(whole()).toBe(true);
    peer.socket.destroy();
  });

  it('B2: who is idle with nothing to read is no slow reader', async () => {
    const peer = await connected();
    await pause(3 * WINDOW_MS);
    expect(server.session?.state).toBe('Open');
    server.talk(64_000);
    await pause(3 * WINDOW_MS);
    expect(server.session?.state).toBe('Open');
    peer.socket.destroy();
  });
});
