/**
 * SimNode: a server of a world, from its start to its end, over and over. It is composed as the product's `Server` is,
 * of the same parts; only the directory of agents and the disk are the world's.
 */
import { performance } from 'node:perf_hooks';
import { silentLogger } from '@sealane/node/log';
import { Backlog } from '@sealane/node/transport';
import { toBase64Url } from '@sealane/shared/bytes';
import type { IdentityKeys } from '@sealane/shared/crypto';
import { suitesFor } from '@sealane/shared/wire';
import {
  Delivery,
  InboundBudget,
  MAIN_INSTANCE,
  Permissions,
  Relay,
  ServerHandlers,
  createConnections,
  echo,
  isEnrolled,
  steadyClock,
  type DeliveryEnvironment,
  type ServerLimits,
} from '@sealane/server/testing';
import type { Store } from '@sealane/server/store';
import type { Socket } from 'node:net';
import { SimProcess } from '../world/sim-process.ts';
import type { World } from '../world/world.ts';
import { sessionEnvironment } from '../world/sim-crypto.ts';
import type { Network } from '../network/network.ts';
import type { MemoryDirectory } from './memory-directory.ts';

/** What all nodes of a world have in common. */
export interface NodeSettings {
  readonly world: World;
  readonly network: Network;
  readonly directory: MemoryDirectory;
  readonly identity: IdentityKeys;
  /** 32 bytes. */
  readonly resumeKey: Uint8Array;
  readonly limits: ServerLimits;
  readonly isShared: boolean;
  readonly isPortable: boolean;
  /** The store of a new life. */
  readonly openStore: (process: SimProcess, wallClock: () => number) => Store;
}

type Connections = ReturnType<typeof createConnections>;

/** Host under which all nodes are reached. */
export const NODES_HOST = 'nodes.test';
const EVENT_ID_BYTES = 16;
const BACKLOG_BYTES_MAX = 67_108_864;
const INBOUND_BYTES_MAX = 33_554_432;
const RESTART_MS = [200, 4_000] as const;
/**
 * Why a connection ends here: it is cut, silent, or replaced by a newer one. Nobody changes bytes, and nobody breaks the
 * rules: any other reason is a mistake of the product, which coming back would hide.
 */
const REASONS: readonly string[] = ['closed', 'truncated', 'E_IDLE', 'E_HANDSHAKE_TIMEOUT', 'E_REPLACED'];

export class SimNode {
  readonly name: string;
  process: SimProcess | undefined;
  readonly #settings: NodeSettings;
  #connections: Connections | undefined;

  constructor(name: string, settings: NodeSettings) {
    this.name = name;
    this.#settings = settings;
  }

  /** Starts a life; it is started again when it ends. */
  start(): void {
    const { world } = this.#settings;
    const process = new SimProcess(world, this.name);
    this.process = process;
    process.atEnd(() => {
      this.#connections = undefined;
      world.schedule(undefined, world.dice.between(...RESTART_MS), () => this.start());
    });
    process.enter(() => {
      world.trace.add(this.name, 'starts');
      void this.#open(process).catch((error: unknown) => {
        world.trace.add(this.name, `cannot start: ${String(error)}`);
        process.end('exit');
      });
    });
  }

  /** Connections whose session is not over. */
  get connectionCount(): number {
    return this.#connections?.live.length ?? 0;
  }

  async #open(process: SimProcess): Promise<void> {
    const { network, limits, isShared, directory, openStore } = this.#settings;
    const wallClock = steadyClock({ wall: () => Date.now(), monotonic: () => performance.now() });
    const handlers = new ServerHandlers(new Permissions([]));
    const delivery = new Delivery({
      store: openStore(process, wallClock),
      environment: this.#environment(wallClock),
      limits: limits.delivery,
      inbound: new InboundBudget(INBOUND_BYTES_MAX),
      permissions: handlers.permissions,
      isKnownAgent: (agentId) => isEnrolled(directory, agentId),
      isConnected: (agentId) => this.#connections?.roster.find(agentId, MAIN_INSTANCE) !== undefined,
      isShared,
      onHealth: ({ status }) => {
        process.world.trace.add(this.name, `its store is ${status}`);
        // As `serve` does: what is on the disk is in doubt, and a start finds out.
        if (status === 'failed') process.end('exit');
      },
      onIncident: ({ message }) => process.world.trace.add(this.name, `incident: ${message}`),
    });
    await delivery.start();
    const connections = this.#connectionsOver(handlers, delivery, wallClock);
    this.#connections = connections;
    // The one place where a socket of the world passes for one of Node.js.
    network.listen(NODES_HOST, process, (socket) => connections.take(socket as unknown as Socket));
    process.world.trace.add(this.name, 'listens');
  }

  #connectionsOver(handlers: ServerHandlers, delivery: Delivery, wallClock: () => number): Connections {
    const { world, directory, identity, resumeKey, limits, isPortable } = this.#settings;
    const bans = { addressWaitMs: () => 0, find: () => undefined };
    const { outboundBytesMax, outboundHighWaterBytes } = limits.session;
    const backlog = new Backlog({ bytesMax: BACKLOG_BYTES_MAX, connectionBytesMax: outboundHighWaterBytes });
    const environment = sessionEnvironment(world.entropy.bytes, isPortable);
    handlers.set.fallback = echo;
    const relay = new Relay({
      relaysPerConnectionMax: limits.relaysPerConnectionMax,
      unsentBytesMax: () => outboundBytesMax,
      channelTo: (agentId) => this.#connections?.roster.find(agentId, MAIN_INSTANCE)?.channel,
      channelOf: ({ agentId, instance }) => this.#connections?.roster.find(agentId, instance)?.channel,
    });
    handlers.set.relay = (request, context) => relay.handle(request, context);
    return createConnections({
      data: { registry: directory, bans, resumeKey },
      policy: 'open',
      limits,
      backlog,
      inbound: delivery.inbound,
      handlers,
      log: silentLogger,
      wallClock,
      attach: (connection) => delivery.attach(connection),
      identity: () => ({ keys: identity, successions: [] }),
      sessionSettings: () => ({
        environment,
        identity: identity.static,
        suites: suitesFor('any'),
        limits: limits.session,
        announced: limits.announced,
        build: 'sealane-server/sim',
        successions: [],
      }),
      onConnected: ({ agentId, instance }) => world.trace.add(this.name, `${agentId}/${instance} is here`),
      onEnrolled: () => undefined,
      onRefused: ({ agentId, code }) => world.fault(`refuses ${agentId}: ${code}`),
      onDisconnected: ({ agentId, instance }, reason) => {
        world.trace.add(this.name, `${agentId}/${instance} is gone: ${reason}`);
        if (!REASONS.includes(reason)) world.fault(`ends the connection of ${agentId}: ${reason}`);
      },
    });
  }

  #environment(wallClock: () => number): DeliveryEnvironment {
    const { entropy } = this.#settings.world;
    return {
      now: () => performance.now(),
      wallClock,
      random: () => entropy.fraction(),
      newEventId: () => toBase64Url(entropy.bytes(EVENT_ID_BYTES)),
      defer: queueMicrotask,
      schedule: (delayMs, run) => {
        const timer = setTimeout(run, delayMs);
        return { cancel: () => clearTimeout(timer) };
      },
    };
  }
}
