/**
 * Sealane agents that are known and come back, for the rate of handshakes: the parts of the agent library without its
 * reconnecting, so that one process can keep a set of identities and make no new key for each connection, as the peers
 * with certificates do.
 */
import type { Socket } from 'node:net';
import { TcpConnection, connectTcp, createEnvironment, monotonicNow, systemRandom } from '@sealane/node/transport';
import { Channel, HandlerSet } from '@sealane/shared/channel';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { AgentSession, type SessionEvent } from '@sealane/shared/session';
import { DEFAULT_PEER_LIMITS, DEFAULT_SESSION_LIMITS, suitesFor } from '@sealane/shared/wire';
import { HIGH_WATER_BYTES, type Connection, type Contender, type Target } from './contender.ts';
import { serveSealane } from './sealane.ts';

const environment = createEnvironment();
const handlers = new HandlerSet();
const identities = new Map<number, IdentityKeys>();

export const sealaneReturning: Contender = {
  serve: serveSealane,
  connect: (target, index) => new ReturningAgent(target, index).connect(),
};

class ReturningAgent {
  readonly #target: Target;
  readonly #session: AgentSession;
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #closed = Promise.withResolvers<undefined>();
  #tcp: TcpConnection | undefined;
  #channel: Channel | undefined;

  constructor(target: Target, index: number) {
    this.#target = target;
    const identity = identities.get(index) ?? new IdentityKeys(nativeCrypto, systemRandom(32));
    identities.set(index, identity);
    const settings = {
      environment,
      identity: identity.static,
      suites: suitesFor('pq'),
      limits: DEFAULT_SESSION_LIMITS,
      announced: DEFAULT_PEER_LIMITS,
      build: 'bench',
      agentId: `returning-${index}`,
      instance: 'main',
      enrolmentToken: null,
      resumeToken: null,
    };
    this.#session = new AgentSession(settings, monotonicNow());
  }

  async connect(): Promise<Connection> {
    const { host, port } = this.#target;
    const onBytes = (bytes: Uint8Array): void => this.#tcp?.receive(bytes);
    const channel = this.#drive(await connectTcp({ host, port, timeoutMs: 10_000, onBytes }));
    await this.#opened.promise;
    return {
      exchange(body, onReply) {
        void channel.request('echo', body).then((reply) => onReply(reply.body.length));
      },
      close: async () => {
        this.#tcp?.close();
        await this.#closed.promise;
      },
    };
  }

  #drive(socket: Socket): Channel {
    const tcp = (): TcpConnection | undefined => this.#tcp;
    const channel = new Channel({
      session: this.#session,
      handlers,
      peer: undefined,
      now: monotonicNow,
      wake: () => tcp()?.wake(),
      unsentBytes: () => tcp()?.unsentBytes ?? 0,
      highWaterBytes: HIGH_WATER_BYTES,
      onHandlerError: () => undefined,
    });
    this.#channel = channel;
    const owner = {
      onEvent: (event: SessionEvent) => this.#onEvent(event),
      onDrain: () => channel.onDrain(),
      wantsPause: () => channel.wantsPause,
      onFault: (error: unknown) => this.#opened.reject(error),
    };
    this.#tcp = new TcpConnection(socket, this.#session, { owner, readsItself: true });
    return channel;
  }

  #onEvent(event: SessionEvent): void {
    if (event.type === 'server-identified') {
      const isExpected = fingerprint(nativeCrypto, event.serverKey) === this.#target.fingerprint;
      if (isExpected) this.#session.trust(monotonicNow());
      else this.#session.distrust();
      return;
    }
    if (event.type === 'opened') this.#opened.resolve(undefined);
    if (event.type === 'closed') {
      this.#opened.reject(new Error(`not admitted: ${event.code ?? event.reason}`));
      this.#closed.resolve(undefined);
    }
    this.#channel?.dispatch(event);
  }
}
