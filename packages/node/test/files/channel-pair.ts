/** An agent's and a server's channel joined in memory, for tests of files: real sessions, no sockets, cut at will. */
import { Channel, HandlerSet } from '@sealane/shared/channel';
import { SessionPair, type SessionPairOptions } from '@sealane/shared/testing';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import type { Session, SessionEvent } from '@sealane/shared/session';

/** Who the server sees. */
export interface TestPeer {
  readonly agentId: string;
}

export class ChannelPair {
  readonly agent: Channel<undefined>;
  readonly server: Channel<TestPeer>;
  readonly handlerErrors: unknown[] = [];
  /** Application bytes that may still pass before the link is cut. */
  bytesUntilCut = Number.POSITIVE_INFINITY;
  /** Bytes that passed, both directions. */
  passedBytes = 0;
  readonly #pair: SessionPair;
  #scheduled = false;
  #isCut = false;

  constructor(handlers: HandlerSet<TestPeer>, agentId = 'agent-1', options: SessionPairOptions = {}) {
    this.#pair = new SessionPair({ agentCrypto: nativeCrypto, serverCrypto: nativeCrypto, ...options }).run();
    const wake = (): void => this.#schedule();
    const common = { now: () => this.#pair.now, wake, unsentBytes: () => 0, highWaterBytes: 1_048_576 };
    const onHandlerError = (_name: string, error: unknown): void => void this.handlerErrors.push(error);
    const own = new HandlerSet<undefined>();
    this.agent = new Channel({ ...common, session: this.#pair.agent, handlers: own, peer: undefined, onHandlerError });
    this.server = new Channel({ ...common, session: this.#pair.server, handlers, peer: { agentId }, onHandlerError });
  }

  /** The network goes away: both sides notice. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#pair.agent.transportEnded();
    this.#pair.server.transportEnded();
    this.#dispatch();
  }

  #schedule(): void {
    if (this.#scheduled || this.#isCut) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#move(this.#pair.agent, this.#pair.server);
      this.#move(this.#pair.server, this.#pair.agent);
      this.#dispatch();
      this.agent.onDrain();
      this.server.onDrain();
    });
  }

  #move(from: Session, to: Session): void {
    if (this.#isCut) return;
    from.flush(this.#pair.now);
    for (const piece of from.takeOutput()) {
      this.passedBytes += piece.length;
      this.bytesUntilCut -= piece.length;
      if (this.bytesUntilCut < 0) {
        this.cut();
        return;
      }
      to.receive(piece, this.#pair.now);
    }
  }

  #dispatch(): void {
    const drain = (session: Session, channel: Channel<never>): void => {
      for (let event: SessionEvent | undefined; (event = session.nextEvent()) !== undefined;) {
        if (event.type === 'closed' && !this.#isCut) throw new Error(`the session ended: ${String(event.code)}`);
        channel.dispatch(event);
        this.#schedule();
      }
    };
    drain(this.#pair.agent, this.agent as unknown as Channel<never>);
    drain(this.#pair.server, this.server as unknown as Channel<never>);
  }
}
