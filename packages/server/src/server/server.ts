/**
 * Server: the composition of everything, and the library's face (feature I1). Any number may run in one process, each on
 * its own data directory.
 *
 *   listener → gate → connection → session (shared) → admission → handlers
 *                                                              → delivery → store
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { silentLogger, type Logger } from '@sealane/node/log';
import { createEnvironment } from '@sealane/node/transport';
import {
  type ChannelStream,
  type Content,
  type NotificationHandler,
  type ReceivedContent,
  type RequestHandler,
  type RequestOptions,
  type StreamHandler,
} from '@sealane/shared/channel';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { ProtocolError, assert } from '@sealane/shared/errors';
import type { ServerSessionSettings } from '@sealane/shared/session';
import { suitesFor } from '@sealane/shared/wire';
import { isEnrolled, type AgentDirectory, type Bans } from '../admission/index.ts';
import { limitsOf, type ServerLimits, type ServerOptions } from '../config/index.ts';
import type { AgentConnection } from '../connection/index.ts';
import { ServerHandlers, echo, type AgentPeer, type NodeRelay, type Relay } from '../handlers/index.ts';
import type { Delivery } from '../delivery/index.ts';
import { Permissions, readPermissionsFile } from '../permissions/index.ts';
import type { Histogram } from '../store/index.ts';
import type { Connections, Disconnection } from './connections.ts';
import { createConnections } from './create-connections.ts';
import { countersOf, type ServerCounters } from './server-counters.ts';
import { loadServerIdentity, openDataDirectory, type DataDirectory, type ServerIdentity } from './data-directory.ts';
import { sessionSettingsOf } from './session-settings.ts';
import { memoryBudgetsOf, type MemoryBudgets } from './memory-budgets.ts';
import { drainConnections, type DrainOptions } from './drain.ts';
import { Evacuation } from './evacuation.ts';
import { listenFor } from './listener.ts';
import { MAIN_INSTANCE } from './roster.ts';
import type {
  Listening,
  PublishOptions,
  PublishReceipt,
  ReloadOptions,
  ServerEvents,
  ToInstance,
} from './server-interface.ts';
import type { Messaging } from '../messaging/index.ts';
import { startMessaging } from './server-messaging.ts';
import { endRunning, stopParts, type Running } from './running.ts';
import { createRelay, startNodeRelay, type ServerRelayOptions } from './server-relay.ts';
import { publishContent } from './publish-content.ts';
import { startDelivery, type StartedDelivery } from './server-delivery.ts';

/** A server in this program; made by `createServer`, runs from `listen()` to `close()`. */
export class Server extends EventEmitter<ServerEvents> {
  readonly #options: ServerOptions;
  readonly #limits: ServerLimits;
  readonly #log: Logger;
  readonly #wallClock: () => number;
  readonly #handlers = new ServerHandlers(new Permissions([]));
  readonly #relay: Relay;
  readonly #budgets: MemoryBudgets;
  readonly #environment = createEnvironment();
  #running: Running | undefined;
  #identity: ServerIdentity | undefined;
  #sessionSettings: ServerSessionSettings | undefined;

  constructor(options: ServerOptions) {
    super();
    this.#options = options;
    this.#limits = { ...limitsOf(options.limits ?? 'default'), ...options.limitOverrides };
    this.#log = options.log ?? silentLogger;
    this.#wallClock = options.wallClock ?? Date.now;
    this.#budgets = memoryBudgetsOf(this.#limits);
    this.#relay = createRelay({ ...this.#relayOptions, elsewhere: () => this.#running?.nodeRelay });
    this.#handlers.set.fallback = echo;
    this.#handlers.set.relay = (request, context) => this.#relay.handle(request, context);
  }

  /** Answers requests of one name; what no handler answers is echoed. @throws RangeError when the name has a handler. */
  handle(name: string, handler: RequestHandler<AgentPeer>): this {
    this.#handlers.set.handle(name, handler);
    return this;
  }

  /** Takes notifications of one name. @throws RangeError when the name has a handler. */
  handleNotification(name: string, handler: NotificationHandler<AgentPeer>): this {
    this.#handlers.set.handleNotification(name, handler);
    return this;
  }

  /** Serves streams of one name. @throws RangeError when the name has a handler. */
  handleStream(name: string, handler: StreamHandler<AgentPeer>): this {
    this.#handlers.set.handleStream(name, handler);
    return this;
  }

  /**
   * Opens the data directory and listens.
   *
   * @throws ConfigError, StorageError, TransportError with what to do; nothing stays open then.
   */
  async listen(): Promise<Listening> {
    if (this.#running !== undefined) throw new TypeError('this server listens already');
    const { permissionsFile } = this.#options;
    if (permissionsFile !== undefined) this.#handlers.permissions = readPermissionsFile(permissionsFile);
    const { data, delivery, nodeBus, peerUrls } = await this.#open();
    let messaging: Messaging | undefined;
    let nodeRelay: NodeRelay | undefined;
    try {
      this.#useIdentity(data.identity);
      messaging = this.#startMessaging(delivery);
      nodeRelay = await this.#startNodeRelay(delivery, nodeBus);
      const connections = this.#connectionsOver(data, { delivery, messaging });
      const onSocket = (socket: Socket): void => connections.take(socket);
      const listener = await listenFor(onSocket, { ...this.#options, log: this.#log });
      const evacuation = new Evacuation({ connections, peerUrls, log: this.#log });
      this.#running = { data, delivery, connections, messaging, nodeRelay, evacuation, listener };
      return { host: listener.host, port: listener.port, fingerprint: this.fingerprint };
    } catch (error) {
      await stopParts({ data, delivery, messaging, nodeRelay });
      throw error;
    }
  }

  /** The fingerprint of the identity in use. @throws TypeError before `listen`. */
  get fingerprint(): string {
    if (this.#identity === undefined) throw new TypeError('a server has its identity once it listens');
    return fingerprint(nativeCrypto, this.#identity.keys.static.publicKey);
  }

  /** The agents that are connected, one entry an instance. */
  agents(): readonly AgentPeer[] {
    return [...(this.#running?.connections.roster ?? [])].map(({ peer }) => peer);
  }

  /**
   * Asks an agent of this node. @returns its answer.
   *
   * @throws ProtocolError `E_NOT_CONNECTED`, `E_TIMEOUT`, or the agent's own code.
   */
  async request(
    agentId: string,
    name: string,
    content?: Content,
    options: Omit<RequestOptions, 'to' | 'from'> & ToInstance = {},
  ): Promise<ReceivedContent> {
    const { instance, ...rest } = options;
    return await this.#connectionTo(agentId, instance).channel.request(name, content, rest);
  }

  /** Tells an agent something without asking for an answer. @throws ProtocolError `E_NOT_CONNECTED`. */
  notify(agentId: string, name: string, content?: Content, { instance }: ToInstance = {}): Promise<void> | undefined {
    return this.#connectionTo(agentId, instance).channel.notify(name, content);
  }

  /** Opens a stream to an agent. @throws ProtocolError `E_NOT_CONNECTED`, `E_STREAM_LIMIT`. */
  openStream(agentId: string, name: string, metadata?: Uint8Array, { instance }: ToInstance = {}): ChannelStream {
    return this.#connectionTo(agentId, instance).channel.openStream(name, metadata);
  }

  /**
   * Publishes an event to `agent:ID` or `topic:NAME`. Resolves when it is stored, as safe as the receipt says.
   *
   * @throws ProtocolError `E_UNKNOWN_ADDRESS`, `E_BAD_TOPIC`, `E_EVENT_CONFLICT`, `E_EVENT_TOO_LARGE`, or with
   *   `retryAfterMs` `E_QUEUE_FULL`, `E_STORE_FULL`, `E_STORE_UNAVAILABLE`.
   */
  async publish(to: string, content: Content, options: PublishOptions = {}): Promise<PublishReceipt> {
    return await publishContent(this.delivery, { to, content, options });
  }

  /** The delivery engine, for the admin API. @throws TypeError before `listen`. */
  get delivery(): Delivery {
    return this.#listening().delivery;
  }

  /** Accounts and messages, for the admin API; undefined where there are none. @throws TypeError before `listen`. */
  get messaging(): Messaging | undefined {
    return this.#listening().messaging;
  }

  /** Who is enrolled, for the admin API. @throws TypeError before `listen`. */
  get directory(): AgentDirectory {
    return this.#listening().data.registry;
  }

  /** Who is banned, for the admin API. @throws TypeError before `listen`. */
  get bans(): Bans {
    return this.#listening().data.bans;
  }

  /** How long handshakes took. @throws TypeError before `listen`. */
  get handshakeSeconds(): Histogram {
    return this.#listening().connections.totals.handshakeSeconds;
  }

  /** Whether it runs, draining or not. */
  get isOpen(): boolean {
    return this.#running !== undefined;
  }

  /** Whether it listens and takes agents. */
  get isServing(): boolean {
    return this.#running !== undefined && !this.#running.connections.isDraining;
  }

  /** Ends sessions on this node, with a code or in an orderly way. @returns how many. */
  disconnect(which: Disconnection): number {
    return this.#running?.connections.disconnect(which) ?? 0;
  }

  /** Ends sessions of an agent, on whatever node they are. @returns how many. @throws StorageError. */
  async endSessions(which: Disconnection & { readonly agentId: string }): Promise<number> {
    const { data } = this.#listening();
    return this.disconnect(which) + ((await data.endSessions?.(which)) ?? 0);
  }

  /** What was counted since the start. @throws TypeError before `listen`. */
  counters(): ServerCounters {
    const { connections, delivery, nodeRelay } = this.#listening();
    const relays = { relaysUnderWay: this.#relay.underWay, nodeRelay: nodeRelay?.counts };
    return countersOf(connections, { delivery: delivery.counters, ...relays });
  }

  /**
   * Reads permissions, identity and successions again, all or nothing: where one is wrong, all stay as they are (O2).
   *
   * @throws ConfigError, StorageError that say what is wrong.
   */
  async reload(options: ReloadOptions = {}): Promise<void> {
    const { dataDirectory, passphrase } = this.#options;
    const file = 'permissionsFile' in options ? options.permissionsFile : this.#options.permissionsFile;
    const permissions = file === undefined ? new Permissions([]) : readPermissionsFile(file);
    const identity = await loadServerIdentity(dataDirectory, { passphrase, wallClock: this.#wallClock });
    this.#handlers.permissions = permissions;
    if (this.#running !== undefined) this.#running.delivery.permissions = permissions;
    this.#useIdentity(identity);
  }

  /** Stops listening, lets work come to its end and closes every session; then `close`. */
  async drain(options: DrainOptions = {}): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    running.listener.close();
    running.evacuation.stop();
    running.delivery.drain();
    await drainConnections(running.connections, options);
    await this.close();
  }

  /** Ends at once: every connection is cut. Twice is harmless. */
  async close(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    await endRunning(running);
  }

  #listening(): Running {
    if (this.#running === undefined) throw new TypeError('this server does not listen');
    return this.#running;
  }

  /** The data directory, and the store once it is locked. */
  async #open(): Promise<Pick<Running, 'data'> & Omit<StartedDelivery, 'shared'>> {
    const { dataDirectory, passphrase, socketSource } = this.#options;
    let started: StartedDelivery | undefined;
    const openShared = async (): Promise<StartedDelivery['shared']> => {
      started = await this.#startDelivery();
      return started.shared;
    };
    try {
      const data = await openDataDirectory(dataDirectory, {
        passphrase,
        wallClock: this.#wallClock,
        openShared,
        isMember: socketSource !== undefined,
        onBanned: ({ kind, name }) =>
          this.disconnect({ [kind === 'agent' ? 'agentId' : 'addressKey']: name, code: 'E_BANNED' }),
      });
      return { data, ...present(started) };
    } catch (error) {
      await started?.delivery.stop();
      throw error;
    }
  }

  #startDelivery(): Promise<StartedDelivery> {
    const { dataDirectory, store, queueLimits, healthUrl, requireDurable = false } = this.#options;
    return startDelivery({
      store,
      dataDirectory,
      queueLimits,
      healthUrl,
      requireDurable,
      limits: this.#limits.delivery,
      inbound: this.#budgets.inbound,
      permissions: this.#handlers.permissions,
      wallClock: this.#wallClock,
      log: this.#log,
      isKnownAgent: (agentId) => isEnrolled(this.directory, agentId),
      isConnected: (agentId) => this.#find(agentId) !== undefined,
      onSessionEnd: (end) => this.disconnect(end),
      onHealth: (health) => {
        this.#running?.evacuation.onHealth(health);
        this.emit('store-health', health);
      },
      onIncident: (incident) => this.emit('store-incident', incident),
    });
  }

  /** Sessions from now on prove this identity; those that are open keep the one they began with. */
  #useIdentity(identity: ServerIdentity): void {
    this.#identity = identity;
    const settings = { environment: this.#environment, suites: suitesFor(this.#options.suites ?? 'pq') };
    this.#sessionSettings = sessionSettingsOf(identity, { ...settings, limits: this.#limits });
  }

  #startMessaging(delivery: Delivery): Messaging | undefined {
    const { dataDirectory, store, enrolment = 'loopback', registration, limits = 'default' } = this.#options;
    return startMessaging({
      ...{ delivery, dataDirectory, store, enrolment, registration, preset: limits },
      identity: () => present(this.#identity),
      ...{ wallClock: this.#wallClock, log: this.#log },
      onRevoked: (agentId) => void this.disconnect({ agentId }),
      onFailed: (error) => {
        this.#log.error('messaging cannot go on', { error });
        this.emit('messaging-failed', error);
      },
      onNote: (action, fields) => this.emit('messaging-note', action, fields),
    });
  }

  get #relayOptions(): ServerRelayOptions {
    return {
      limits: this.#limits,
      budgets: this.#budgets,
      find: (agentId, instance) => this.#find(agentId, instance),
    };
  }

  #startNodeRelay(delivery: Delivery, bus: StartedDelivery['nodeBus']): Promise<NodeRelay | undefined> {
    return startNodeRelay({ ...this.#relayOptions, bus, delivery, wallClock: this.#wallClock, log: this.#log });
  }

  #connectionsOver(data: DataDirectory, { delivery, messaging }: Pick<Running, 'delivery' | 'messaging'>): Connections {
    return createConnections({
      data,
      attach: (connection) => {
        connection.messaging = messaging?.attach(connection);
        return delivery.attach(connection);
      },
      policy: this.#options.enrolment ?? 'loopback',
      limits: this.#limits,
      ...this.#budgets,
      handlers: this.#handlers,
      log: this.#log,
      wallClock: this.#wallClock,
      identity: () => present(this.#identity),
      sessionSettings: () => present(this.#sessionSettings),
      onConnected: (peer) => this.emit('agent-connected', peer),
      onEnrolled: (agent) => this.emit('agent-enrolled', agent),
      onRefused: (agent) => this.emit('agent-refused', agent),
      onDisconnected: (peer, reason) => this.emit('agent-disconnected', peer, reason),
    });
  }

  #find(agentId: string, instance = MAIN_INSTANCE): AgentConnection | undefined {
    return this.#running?.connections.roster.find(agentId, instance);
  }

  #connectionTo(agentId: string, instance: string | undefined): AgentConnection {
    const connection = this.#find(agentId, instance);
    if (connection === undefined) throw new ProtocolError('E_NOT_CONNECTED');
    return connection;
  }
}

function present<Value>(value: Value | undefined): Value {
  assert(value !== undefined, 'a server that listens is whole');
  return value;
}
