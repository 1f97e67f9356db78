/** FaultProxy: the way between two programs in tests. It is no part of the product. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Dice } from '@sealane/shared/testing';
import { FaultLane } from './fault-lane.ts';
import { drawFaults, type DirectedFaults, type FaultSpec, type LaneFaults } from './fault-spec.ts';

/** Where a proxy listens, what is behind it, and what it does to the way there. */
export interface FaultProxyOptions {
  readonly target: { readonly host?: string; readonly port: number };
  /** Default 127.0.0.1 and a free port. */
  readonly listenOn?: { readonly host?: string; readonly port?: number };
  /** Default 1. */
  readonly seed?: number;
  readonly faults?: DirectedFaults;
  /** Told of each connection when both of its sides are gone. */
  readonly onEnd?: (connection: ProxiedConnection) => void;
}

/** A connection that is open. */
export interface ProxiedConnection {
  /** From 0, in the order in which they came. */
  readonly number: number;
  readonly toServer: FaultLane;
  readonly toAgent: FaultLane;
}

/** Which direction: 0 to the server. */
type Turn = 0 | 1;

const LOOPBACK = '127.0.0.1';
/** Spreads the seeds of neighbouring lanes; any odd number does. */
const SEED_STEP = 0x85eb_ca6b;

/**
 * A TCP proxy that does to a connection what networks do, and what somebody in the middle could. Each direction has
 * faults of its own; what is drawn for the n-th connection depends on the seed and on n alone. It has no keys: it knows
 * where the frames of Sealane begin, and not what is in them.
 */
export class FaultProxy {
  /** Of connections to come. */
  faults: DirectedFaults;
  /** Resets whoever connects. */
  refuses = false;
  readonly #target: Required<FaultProxyOptions['target']>;
  readonly #seed: number;
  readonly #onEnd: (connection: ProxiedConnection) => void;
  readonly #server: Server;
  readonly #open = new Map<ProxiedConnection, readonly Socket[]>();
  #swallows = { toServer: false, toAgent: false };
  #connections = 0;

  private constructor({ target, seed = 1, faults = {}, onEnd = () => undefined }: FaultProxyOptions) {
    this.#target = { host: LOOPBACK, ...target };
    this.#seed = seed;
    this.#onEnd = onEnd;
    this.faults = faults;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#take(socket));
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    const { host = LOOPBACK, port = 0 } = options.listenOn ?? {};
    proxy.#server.listen(port, host);
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open. */
  get open(): readonly ProxiedConnection[] {
    return [...this.#open.keys()];
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** From now on what comes this way is swallowed, or no more; on connections to come as well. */
  swallow(directions: { readonly toServer?: boolean; readonly toAgent?: boolean }): void {
    this.#swallows = { ...this.#swallows, ...directions };
    for (const { toServer, toAgent } of this.#open.keys()) {
      toServer.swallows = this.#swallows.toServer;
      toAgent.swallows = this.#swallows.toAgent;
    }
  }

  /** Ends all connections, without what is under way. @param how with a reset, or as if both sides had ended it. */
  cut(how: 'end' | 'reset' = 'end'): void {
    for (const socket of [...this.#open.values()].flat()) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  /** From now on these are its faults, for connections that are open too: there, bytes count from here, frames from the next one. */
  strike(faults: DirectedFaults): void {
    this.faults = faults;
    for (const { number, toServer, toAgent } of this.#open.keys()) {
      toServer.renew(this.#draw(faults.toServer, number, 0));
      toAgent.renew(this.#draw(faults.toAgent, number, 1));
    }
  }

  /** From now on it is a good way, for connections that are open too. */
  heal(): void {
    this.refuses = false;
    this.swallow({ toServer: false, toAgent: false });
    this.strike({});
  }

  /** Ends all connections; takes no more. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  #take(near: Socket): void {
    const number = this.#connections++;
    near.on('error', () => undefined);
    if (this.refuses) {
      near.resetAndDestroy();
      return;
    }
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    far.on('error', () => undefined);
    const laneOf = (source: Socket, target: Socket, spec: FaultSpec | undefined, turn: Turn): FaultLane =>
      new FaultLane({ source, target, faults: this.#draw(spec, number, turn), seed: this.#seedOf(number, turn) });
    const { toServer, toAgent } = this.faults;
    const connection = { number, toServer: laneOf(near, far, toServer, 0), toAgent: laneOf(far, near, toAgent, 1) };
    connection.toServer.swallows = this.#swallows.toServer;
    connection.toAgent.swallows = this.#swallows.toAgent;
    this.#open.set(connection, [near, far]);
    for (const socket of [near, far]) {
      socket.on('close', () => {
        if (near.destroyed && far.destroyed && this.#open.delete(connection)) this.#onEnd(connection);
      });
    }
  }

  #draw(spec: FaultSpec | undefined, number: number, turn: Turn): LaneFaults {
    return drawFaults(spec ?? {}, new Dice(this.#seedOf(number, turn) - 1));
  }

  #seedOf(number: number, turn: Turn): number {
    return this.#seed ^ Math.imul(2 * number + turn + 1, SEED_STEP);
  }
}
