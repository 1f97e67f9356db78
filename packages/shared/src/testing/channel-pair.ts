/** ChannelPair: what programs see of an agent and a server, without sockets, for tests. */
import { Channel, HandlerSet, type ChannelOwner } from '../channel/index.ts';
import type { SessionEvent } from '../session/index.ts';
import { SessionPair, type SessionPairOptions } from './session-pair.ts';

type Side = 'agent' | 'server';

/** One side of a pair of channels. */
export interface ChannelSide {
  readonly channel: Channel<string>;
  readonly handlers: HandlerSet<string>;
  /** What `onHandlerError` was told. */
  readonly handlerErrors: unknown[];
  /** Bytes that the connection pretends not to have sent. */
  unsentBytes: number;
}

/** Turns of the microtask queue that let promises follow each other. */
const TURNS = 20;

/** Two channels over an open `SessionPair`, under a virtual clock. Bytes move when `settle` is called. */
export class ChannelPair {
  readonly pair: SessionPair;
  readonly agent: ChannelSide;
  readonly server: ChannelSide;
  readonly #dispatched: Record<Side, number> = { agent: 0, server: 0 };

  constructor(options: SessionPairOptions & { readonly highWaterBytes?: number } = {}) {
    this.pair = new SessionPair(options).run();
    const highWaterBytes = options.highWaterBytes ?? Number.POSITIVE_INFINITY;
    this.agent = this.#side('agent', highWaterBytes);
    this.server = this.#side('server', highWaterBytes);
  }

  /** Moves bytes, events and promises until nothing changes. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) {
      this.pair.run();
      this.dispatch('agent');
      this.dispatch('server');
      await Promise.resolve();
    }
  }

  /** Lets time pass and both sides notice. */
  async pass(ms: number): Promise<void> {
    this.pair.pass(ms);
    await this.settle();
  }

  /** Hands waiting events to the channel of a side. */
  dispatch(side: Side): void {
    const events: SessionEvent[] = side === 'agent' ? this.pair.agentEvents : this.pair.serverEvents;
    while (this.#dispatched[side] < events.length) this[side].channel.dispatch(events[this.#dispatched[side]++]!);
  }

  #side(side: Side, highWaterBytes: number): ChannelSide {
    const handlers = new HandlerSet<string>();
    const handlerErrors: unknown[] = [];
    const state = { unsentBytes: 0 };
    const owner: ChannelOwner<string> = {
      session: this.pair[side],
      handlers,
      peer: side === 'agent' ? 'server' : 'agent',
      now: () => this.pair.now,
      wake: () => undefined,
      unsentBytes: () => state.unsentBytes,
      highWaterBytes,
      onHandlerError: (_name, error) => handlerErrors.push(error),
    };
    const channel = new Channel(owner);
    return {
      channel,
      handlers,
      handlerErrors,
      get unsentBytes() {
        return state.unsentBytes;
      },
      set unsentBytes(bytes: number) {
        state.unsentBytes = bytes;
      },
    };
  }
}
