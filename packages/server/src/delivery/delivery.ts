/**
 * Delivery: the composition of the parts of this folder, and the way of an event through them:
 *
 *   agent → Publisher → store → QueueReader → Consumer → agent
 */
import { ProtocolError, StorageError, type ErrorCode } from '@sealane/shared/errors';
import { checkEventAddress, isReservedTopic, parseEventAddress } from '@sealane/shared/topics';
import type { DeliveryLimits } from '../config/index.ts';
import { InboundBudget } from '../limits/index.ts';
import type { Permissions } from '../permissions/index.ts';
import type { Lease, Store, StoreHealth, StoreListener } from '../store/index.ts';
import { AgentAttachment } from './agent-attachment.ts';
import { AgentQueues, type IsKnownAgent } from './agent-queues.ts';
import { Alarms } from './alarms.ts';
import type { DeliveryHost } from './delivery-host.ts';
import { DeliveryCounters } from './delivery-counters.ts';
import type { DeliveryEnvironment, DeliverySink } from './environment.ts';
import { Presence } from './presence.ts';
import { QueueReaders } from './queue-readers.ts';
import { publishFromServer, type ServerEvent, type ServerPublishResult } from './server-publish.ts';
import { UsageBook } from './usage.ts';

/** A fault of the store that an operator has to know of. */
export interface StoreIncident {
  readonly code: ErrorCode;
  readonly message: string;
}

export interface DeliveryOptions {
  readonly store: Store;
  readonly environment: DeliveryEnvironment;
  readonly limits: DeliveryLimits;
  /** Where events of all connections that the store has not answered are counted; without it nothing bounds them together. */
  readonly inbound?: InboundBudget;
  readonly permissions: Permissions;
  readonly isKnownAgent: IsKnownAgent;
  /** Whether the instance `main` of an agent is connected to this node. */
  readonly isConnected: (agentId: string) => boolean;
  /** Whether other nodes serve agents of the same store. */
  readonly isShared: boolean;
  readonly onHealth: (health: StoreHealth) => void;
  readonly onIncident: (incident: StoreIncident) => void;
}

/**
 * Durable events between the store and the agents of this node (docs/protocols/delivery.md), as the server and its
 * admin API use it. It knows no socket and no storage engine.
 */
export class Delivery implements DeliveryHost, StoreListener {
  readonly store: Store;
  readonly environment: DeliveryEnvironment;
  readonly limits: DeliveryLimits;
  readonly inbound: InboundBudget;
  readonly counters = new DeliveryCounters();
  readonly alarms: Alarms;
  readonly readers: QueueReaders;
  readonly presence: Presence;
  readonly usageBook: UsageBook;
  readonly agentQueues: AgentQueues;
  permissionsVersion = 0;
  isDraining = false;
  readonly #options: DeliveryOptions;
  readonly #attachments = new Set<AgentAttachment>();
  #permissions: Permissions;

  constructor(options: DeliveryOptions) {
    const { store, environment, limits, isConnected, isShared } = options;
    this.#options = options;
    this.#permissions = options.permissions;
    this.store = store;
    this.environment = environment;
    this.limits = limits;
    this.inbound = options.inbound ?? new InboundBudget(Number.POSITIVE_INFINITY);
    this.alarms = new Alarms(environment);
    this.agentQueues = new AgentQueues(store, options.isKnownAgent, environment.now);
    this.readers = new QueueReaders(this);
    this.presence = new Presence(this, { isConnected, polls: isShared });
    this.usageBook = new UsageBook({ store, environment, alarms: this.alarms, flushMs: limits.usageFlushMs });
  }

  get permissions(): Permissions {
    return this.#permissions;
  }

  /** Other permissions count from now on; subscriptions that they do not allow end. */
  set permissions(permissions: Permissions) {
    this.#permissions = permissions;
    this.permissionsVersion += 1;
    for (const attachment of this.#attachments) attachment.recheck();
  }

  get health(): StoreHealth {
    return this.store.health;
  }

  /** Subscriptions that are open now. */
  get subscriptionCount(): number {
    let count = 0;
    for (const attachment of this.#attachments) count += attachment.subscriptionCount;
    return count;
  }

  /** Opens the store. @throws StorageError, ConfigError that say what to do. */
  async start(): Promise<void> {
    await this.store.open(this);
  }

  /** An agent was admitted: its connection takes part until it is detached. */
  attach(sink: DeliverySink): AgentAttachment {
    const attachment = new AgentAttachment(this, sink);
    this.#attachments.add(attachment);
    attachment.claim().catch((error: unknown) => this.#onClaimFailed(error));
    this.presence.changed(sink.peer.agentId);
    return attachment;
  }

  /** Publishes in the name of the server. */
  async publish(event: ServerEvent): Promise<ServerPublishResult> {
    return await publishFromServer(this, event);
  }

  /** Hands what was counted of usage to the store, connections that are open and their time up to now included. */
  flushUsage(): void {
    for (const attachment of this.#attachments) attachment.countStay();
    this.usageBook.flush();
  }

  /** Delivers nothing more; acks are taken and receipts given until the connections end. */
  drain(): void {
    this.isDraining = true;
  }

  /** Ends it: connections are detached before or now, and everything is handed to the store, which is closed. */
  async stop(): Promise<void> {
    this.drain();
    for (const attachment of [...this.#attachments]) attachment.detach();
    this.usageBook.flush();
    this.alarms.stop();
    await this.store.close();
  }

  // What its parts use.

  judgeAddress({ peer }: DeliverySink, to: string): ErrorCode | undefined {
    const address = parseEventAddress(to);
    if (address === undefined) return checkEventAddress(to);
    const target = address.kind === 'topic' ? address.topic : to;
    if (isReservedTopic(target)) return 'E_FORBIDDEN';
    if (!this.#permissions.authorize(peer, 'publish', target)) return 'E_FORBIDDEN';
    return undefined;
  }

  onFenced(lease: Lease): void {
    for (const attachment of this.#attachments)
      if (attachment.lease === lease && !attachment.isFenced) attachment.onLost('E_REPLACED');
  }

  onReaderClosed(
    reader: { readonly queueId: string; readonly deliveredTo: number },
    reading: Promise<void> | undefined,
  ): void {
    this.readers.onClosed(reader, reading);
  }

  onDetached(attachment: AgentAttachment): void {
    this.#attachments.delete(attachment);
    this.presence.changed(attachment.sink.peer.agentId);
  }

  // What the store tells.

  onQueues(queueIds: readonly string[]): void {
    for (const queueId of queueIds) this.readers.find(queueId)?.onMore();
  }

  onAgentLost(agentId: string, instance: string, reason: 'taken-over' | 'store-lost'): void {
    for (const attachment of this.#attachments) {
      const { peer } = attachment.sink;
      if (peer.agentId !== agentId || peer.instance !== instance) continue;
      attachment.onLost(reason === 'taken-over' ? 'E_REPLACED' : 'E_STORE_UNAVAILABLE');
    }
  }

  onHealth(health: StoreHealth): void {
    if (health.status === 'ready') this.#claimMissing();
    this.#options.onHealth(health);
  }

  onIncident(incident: StoreIncident): void {
    this.#options.onIncident(incident);
  }

  /** Agents that came while the store did not answer get their leases now. */
  #claimMissing(): void {
    for (const attachment of this.#attachments) {
      if (attachment.lease === undefined) attachment.claim().catch((error: unknown) => this.#onClaimFailed(error));
    }
  }

  #onClaimFailed(error: unknown): void {
    this.counters.storeRetries += 1;
    if (error instanceof StorageError || error instanceof ProtocolError) return;
    throw error;
  }
}
