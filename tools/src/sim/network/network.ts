/**
 * Network: who listens, and the connections of a world with all that happens to connections: lost bytes at a cut, ends that
 * only one side hears of, directions that stand still, and peers that are gone without a word.
 */
import type { Dice } from '@sealane/shared/testing';
import type { Process } from '../world/process.ts';
import type { World } from '../world/world.ts';
import { Pipe, type Weather } from './pipe.ts';
import { SimSocket, type OnRead } from './sim-socket.ts';

interface Listener {
  readonly process: Process;
  readonly onSocket: (socket: SimSocket) => void;
}

/** One connection. */
export interface SimLink {
  readonly client: SimSocket;
  readonly server: SimSocket;
  readonly toServer: Pipe;
  readonly toClient: Pipe;
}

/** What `connect` of `node:net` is called with. */
export interface ConnectOptions {
  readonly host: string;
  readonly port: number;
  readonly onread: OnRead;
}

/** Of an address outside of the machine, so that limits by address count. */
const ADDRESS = '192.0.2.1';
const PORT_FIRST = 20_000;

export class Network {
  /** Chance that an attempt to connect meets silence. */
  silence = 0;
  readonly #links = new Set<SimLink>();
  readonly #world: World;
  readonly #dice: Dice;
  readonly #weather: Weather;
  readonly #listeners = new Map<string, Listener[]>();
  #portsMade = PORT_FIRST;

  constructor(world: World, weather: Weather) {
    this.#world = world;
    this.#dice = world.dice.fork('network');
    this.#weather = weather;
  }

  /** Connections that both sides have open. */
  get openLinks(): readonly SimLink[] {
    for (const link of this.#links) if (link.client.destroyed || link.server.destroyed) this.#links.delete(link);
    return [...this.#links];
  }

  /** Takes connections to a host until the process ends. Several may share a host. */
  listen(host: string, process: Process, onSocket: (socket: SimSocket) => void): () => void {
    const listener = { process, onSocket };
    const listeners = this.#listeners.get(host) ?? [];
    this.#listeners.set(host, [...listeners, listener]);
    const stop = (): void => {
      const others = (this.#listeners.get(host) ?? []).filter((each) => each !== listener);
      this.#listeners.set(host, others);
    };
    process.atEnd(stop);
    return stop;
  }

  /** As `connect` of `node:net`, in a step of the process that connects. */
  connect({ host, port, onread }: ConnectOptions): SimSocket {
    const { current } = this.#world;
    if (current === undefined) throw new Error('nobody connects');
    const client = new SimSocket(this.#world, current, { address: ADDRESS, port }, onread);
    this.#endsWith(client);
    if (!this.#dice.chance(this.silence)) this.#later(undefined, () => this.#arrive(client, host));
    return client;
  }

  /** Breaks a connection. One side may not hear of it. */
  cut(link: SimLink, heardBy: 'both' | 'client' | 'server'): void {
    link.toServer.cut();
    link.toClient.cut();
    this.#links.delete(link);
    if (heardBy !== 'server') this.#tell(link.client, () => link.client.takeError('ECONNRESET'));
    if (heardBy !== 'client') this.#tell(link.server, () => link.server.takeError('ECONNRESET'));
  }

  /** Nothing is blocked any more. */
  heal(): void {
    this.silence = 0;
    for (const { toServer, toClient } of this.#links) {
      toServer.unblock();
      toClient.unblock();
    }
  }

  #arrive(client: SimSocket, host: string): void {
    if (client.destroyed || !client.process.isAlive) return;
    const listeners = this.#listeners.get(host) ?? [];
    if (listeners.length === 0) {
      this.#tell(client, () => client.takeError('ECONNREFUSED'));
      return;
    }
    const { process, onSocket } = this.#dice.pick(listeners);
    const link = this.#link(client, process);
    this.#world.trace.add(client.process.name, `connects to ${process.name}`);
    this.#world.schedule(process, 0, () => onSocket(link.server));
    this.#tell(client, () => {
      if (!client.destroyed) client.emit('connect');
    });
  }

  #link(client: SimSocket, process: Process): SimLink {
    const server = new SimSocket(this.#world, process, { address: ADDRESS, port: ++this.#portsMade }, undefined);
    const link = { client, server, toServer: this.#pipe(client, server), toClient: this.#pipe(server, client) };
    [client.out, client.in] = [link.toServer, link.toClient];
    [server.out, server.in] = [link.toClient, link.toServer];
    client.onGone = (isOrderly) => this.#onGone(link, link.toServer, server, isOrderly);
    server.onGone = (isOrderly) => this.#onGone(link, link.toClient, client, isOrderly);
    this.#endsWith(server);
    this.#links.add(link);
    return link;
  }

  #pipe(from: SimSocket, to: SimSocket): Pipe {
    const run = (take: () => void): void => void this.#world.schedule(to.process, 0, take);
    return new Pipe({
      world: this.#world,
      dice: this.#dice,
      weather: this.#weather,
      end: {
        get reads() {
          return to.reads;
        },
        onBytes: (bytes) => {
          this.#world.trace.add(to.process.name, `gets ${bytes.length} B from ${from.process.name}`);
          run(() => to.takeBytes(bytes));
        },
        onEnd: () => run(() => to.takeEnd()),
      },
      onRoom: () => this.#world.schedule(from.process, 0, () => from.onRoom()),
    });
  }

  /** One side closed its socket. */
  #onGone(link: SimLink, out: Pipe, other: SimSocket, isOrderly: boolean): void {
    this.#links.delete(link);
    if (isOrderly && this.#dice.chance(0.5)) out.end();
    else {
      out.cut();
      this.#tell(other, () => other.takeError('ECONNRESET'));
    }
  }

  /** Sockets of a process end with it: the system tells their peers, unless the whole machine is gone. */
  #endsWith(socket: SimSocket): void {
    socket.process.atEnd((ending) => {
      if (socket.destroyed) return;
      socket.destroyed = true;
      if (ending === 'power-loss') socket.out?.cut();
      else socket.onGone(false);
    });
  }

  #tell(socket: SimSocket, take: () => void): void {
    this.#later(socket.process, take);
  }

  #later(process: Process | undefined, run: () => void): void {
    const [low, high] = this.#weather.latencyMs;
    this.#world.schedule(process, this.#dice.between(low, high), run);
  }
}
