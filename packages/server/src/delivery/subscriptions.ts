/**
 * Subscriptions: those that one connection has open, and how they begin and end (docs/protocols/delivery.md §4).
 *
 *   Subscribe → judged → lease → queue → what the agent is done with is settled → Subscribed → deliveries
 */
import { ERRORS, ProtocolError, SealaneError, type ErrorCode } from '@sealane/shared/errors';
import type { EventAck, EventNack, EventProgress, Subscribe, Unsubscribe } from '@sealane/shared/packets';
import { messagesTopic } from '@sealane/shared/items';
import { isGroupName, isReservedTopic, isTopicPattern } from '@sealane/shared/topics';
import type { Lease, QueueInfo, QueueSpec } from '../store/index.ts';
import { Consumer, type ConsumerOwner } from './consumer.ts';
import { doneBy } from './cursor.ts';
import type { DeliveryHost } from './delivery-host.ts';
import { isOpen } from './environment.ts';
import { DURABILITY_NUMBER } from './receipts.ts';

/** The connection that subscriptions belong to. */
export interface SubscriptionOwner extends ConsumerOwner {
  /** @throws StorageError. */
  claim(): Promise<Lease>;
}

/** A subscription that waits for the store. */
interface Opening {
  /** Set when the agent gave it up meanwhile. */
  unsubscribe: Unsubscribe | undefined;
}

/** Groups that one look at the store takes. */
const GROUPS_PER_LOOK = 1_000;
/** The only instance that takes the events addressed to its agent. */
const MAIN_INSTANCE = 'main';

export class Subscriptions {
  readonly #delivery: DeliveryHost;
  readonly #attachment: SubscriptionOwner;
  readonly #consumers = new Map<number, Consumer>();
  readonly #opening = new Map<number, Opening>();
  /** Patterns of the durable subscriptions that the agent has; set while the store is asked. */
  #patterns: Promise<ReadonlySet<string>> | undefined;
  /** Patterns whose queues are being made. */
  readonly #making = new Set<string>();

  constructor(delivery: DeliveryHost, attachment: SubscriptionOwner) {
    this.#delivery = delivery;
    this.#attachment = attachment;
  }

  get count(): number {
    return this.#consumers.size;
  }

  /** Whether the agent has nothing that it still has to ack. */
  get isIdle(): boolean {
    return this.#consumers.values().every(({ inFlight }) => inFlight.count === 0);
  }

  /** @throws ProtocolError `E_STATE` when the handle is in use. */
  subscribe(packet: Subscribe): void {
    const { subscription } = packet;
    if (this.#consumers.has(subscription) || this.#opening.has(subscription))
      throw new ProtocolError('E_STATE', 'a subscription of this handle is open');
    const spec = this.#specOf(packet);
    const code = this.#judge(packet, spec);
    if (code !== undefined) {
      this.#refuse(subscription, code);
      return;
    }
    const opening: Opening = { unsubscribe: undefined };
    this.#opening.set(subscription, opening);
    this.#delivery.readers.opening += 1;
    this.#open(packet, spec, opening)
      .catch((error: unknown) => {
        if (this.#opening.get(subscription) !== opening) return;
        this.#opening.delete(subscription);
        this.#refuse(subscription, codeOf(error));
      })
      .finally(() => {
        this.#delivery.readers.opened();
      });
  }

  unsubscribe(packet: Unsubscribe): void {
    const opening = this.#opening.get(packet.subscription);
    if (opening !== undefined) opening.unsubscribe = packet;
    else this.#end(packet);
  }

  onAck({ subscription, sequence, attempt }: EventAck): void {
    const consumer = this.#consumers.get(subscription);
    if (consumer === undefined) this.#delivery.counters.acksRefused.unknown += 1;
    else consumer.onAck(sequence, attempt);
  }

  onNack(packet: EventNack): void {
    const consumer = this.#consumers.get(packet.subscription);
    if (consumer === undefined) this.#delivery.counters.acksRefused.unknown += 1;
    else consumer.onNack(packet.sequence, packet.attempt, packet);
  }

  onProgress({ subscription, sequence, attempt }: EventProgress): void {
    const consumer = this.#consumers.get(subscription);
    if (consumer === undefined) this.#delivery.counters.acksRefused.unknown += 1;
    else consumer.onProgress(sequence, attempt);
  }

  onDrain(): void {
    for (const { reader } of this.#consumers.values()) reader.touch();
  }

  /** Ends what is not allowed any more. */
  recheck(): void {
    for (const [subscription, { reader }] of this.#consumers) {
      if (!this.#mayTake(reader.spec)) this.drop(subscription, 'E_FORBIDDEN');
    }
  }

  /** Ends a subscription without being asked. */
  drop(subscription: number, code: ErrorCode): void {
    const consumer = this.#consumers.get(subscription);
    if (consumer === undefined) return;
    this.#consumers.delete(subscription);
    consumer.end();
    this.#refuse(subscription, code);
  }

  /** The connection is gone. */
  end(): void {
    this.#opening.clear();
    for (const consumer of this.#consumers.values()) consumer.end();
    this.#consumers.clear();
  }

  #judge({ topic, group }: Subscribe, spec: QueueSpec): ErrorCode | undefined {
    const { limits, isDraining } = this.#delivery;
    if (isDraining) return 'E_DRAINING';
    if (topic === null && (group !== null || this.#attachment.sink.peer.instance !== MAIN_INSTANCE))
      return 'E_BAD_REQUEST';
    if (topic !== null && !isTopicPattern(topic)) return 'E_BAD_TOPIC';
    if (group !== null && !isGroupName(group)) return 'E_BAD_REQUEST';
    if (this.#consumers.size + this.#opening.size >= limits.subscriptionsPerConnectionMax)
      return 'E_SUBSCRIPTION_LIMIT';
    return this.#mayTake(spec) ? undefined : 'E_FORBIDDEN';
  }

  #mayTake(spec: QueueSpec): boolean {
    const { permissions } = this.#delivery;
    const { peer } = this.#attachment.sink;
    if (spec.kind !== 'agent' && isReservedTopic(spec.pattern))
      return spec.kind === 'subscription' && spec.pattern === messagesTopic(peer.agentId);
    return spec.kind === 'agent'
      ? permissions.authorize(peer, 'subscribe', `agent:${spec.agentId}`)
      : permissions.authorizePattern(peer, 'subscribe', spec.pattern);
  }

  async #open(packet: Subscribe, spec: QueueSpec, opening: Opening): Promise<void> {
    const { store, readers } = this.#delivery;
    const lease = await this.#attachment.claim();
    let info = await this.#openQueue(spec);
    const done = doneBy(packet, info);
    if (done !== undefined) {
      await store.settle(info.queueId, done.settlements, lease);
      readers.find(info.queueId)?.noteDone(done.isDone);
      info = await store.openQueue(spec);
    }
    if (this.#opening.get(packet.subscription) !== opening) return;
    this.#opening.delete(packet.subscription);
    if (!isOpen(this.#attachment.sink)) return;
    this.#begin(packet, info);
    if (opening.unsubscribe !== undefined) this.#end(opening.unsubscribe);
    else if (!this.#mayTake(spec)) this.recheck();
  }

  #begin(packet: Subscribe, info: QueueInfo): void {
    const { limits, readers, health } = this.#delivery;
    const { subscription } = packet;
    const windowEvents = Math.min(packet.windowEvents, limits.windowEventsMax);
    const asked = packet.ackWaitMs === 0 ? limits.ackWaitMs : packet.ackWaitMs;
    const ackWaitMs = Math.min(Math.max(asked, limits.ackWaitMsMin), limits.ackWaitMsMax);
    const { lineage, settledTo, nextSequence, waiting } = info;
    const { session } = this.#attachment.sink;
    const durability = DURABILITY_NUMBER[health.durability];
    session.sendSubscribed(
      subscription,
      lineage,
      settledTo,
      nextSequence,
      waiting,
      windowEvents,
      ackWaitMs,
      durability,
    );
    this.#attachment.sink.wake();
    const reader = readers.readerOf(info);
    const consumer = new Consumer(this.#attachment, reader, { subscription, windowEvents, ackWaitMs });
    this.#consumers.set(subscription, consumer);
    reader.join(consumer);
  }

  #end({ subscription, forget }: Unsubscribe): void {
    const consumer = this.#consumers.get(subscription);
    this.#consumers.delete(subscription);
    consumer?.end();
    if (consumer === undefined || !forget) {
      this.#answer(subscription, 0, 0);
      return;
    }
    this.#forget(consumer).then(
      (code) => this.#answer(subscription, code, 0),
      (error: unknown) => this.#refuse(subscription, codeOf(error)),
    );
  }

  /** Deletes the queue. The work of a group stays while others of it are here. @returns the code of the answer. */
  async #forget({ reader: { spec, queueId } }: Consumer): Promise<number> {
    const { store, readers } = this.#delivery;
    // The server ends the queue of a device, when the device is revoked.
    if (spec.kind !== 'agent' && isReservedTopic(spec.pattern)) return ERRORS.E_FORBIDDEN.number;
    const others = readers.find(queueId);
    if (others !== undefined && spec.kind === 'group') return ERRORS.E_BUSY.number;
    for (const { attachment, subscription } of [...(others?.members ?? [])])
      attachment.dropSubscription(subscription, 'E_CANCELLED');
    await store.deleteQueue(spec);
    return 0;
  }

  /** @throws ProtocolError `E_SUBSCRIPTION_LIMIT`. */
  async #openQueue(spec: QueueSpec): Promise<QueueInfo> {
    const { store, limits } = this.#delivery;
    // Queues that are there are open to whoever comes back, however many there are. Each agent has one of its own.
    const isFull = store.figures().queues >= limits.queuesMax;
    if (spec.kind === 'group' && isFull && !(await this.#isMade(spec))) throw new ProtocolError('E_SUBSCRIPTION_LIMIT');
    if (spec.kind !== 'subscription') return await store.openQueue(spec);
    const { agentId, pattern } = spec;
    // Agents that come back subscribe many patterns at once: for all of them the store is asked once.
    const patterns = await (this.#patterns ??= this.#patternsOf(agentId));
    if (patterns.has(pattern) || this.#making.has(pattern)) return await store.openQueue(spec);
    if (isFull || patterns.size + this.#making.size >= limits.subscriptionsPerAgentMax)
      throw new ProtocolError('E_SUBSCRIPTION_LIMIT');
    this.#making.add(pattern);
    try {
      return await store.openQueue(spec);
    } finally {
      this.#making.delete(pattern);
    }
  }

  /** Whether a group is there already: looked for only where no queue may be made any more. */
  async #isMade({ group, pattern }: Extract<QueueSpec, { kind: 'group' }>): Promise<boolean> {
    for (let after: string | undefined; ;) {
      const { items, next } = await this.#delivery.store.groupQueues({ after, limit: GROUPS_PER_LOOK });
      if (items.some(({ spec }) => spec.kind === 'group' && spec.group === group && spec.pattern === pattern))
        return true;
      if (next === undefined) return false;
      after = next;
    }
  }

  async #patternsOf(agentId: string): Promise<ReadonlySet<string>> {
    try {
      const queues = await this.#delivery.store.queuesOf(agentId);
      return new Set(queues.flatMap(({ spec }) => (spec.kind === 'subscription' ? spec.pattern : [])));
    } finally {
      this.#patterns = undefined;
    }
  }

  #specOf({ topic, group }: Subscribe): QueueSpec {
    const { agentId } = this.#attachment.sink.peer;
    if (topic === null) return { kind: 'agent', agentId };
    return group === null
      ? { kind: 'subscription', agentId, pattern: topic }
      : { kind: 'group', group, pattern: topic };
  }

  #refuse(subscription: number, code: ErrorCode): void {
    const { limits, counters } = this.#delivery;
    counters.subscriptionsRefused += 1;
    const passes = code === 'E_STORE_UNAVAILABLE' || code === 'E_STORE_FULL' || code === 'E_DRAINING';
    this.#answer(subscription, ERRORS[code].number, passes ? limits.busyRetryMs : 0);
  }

  #answer(subscription: number, code: number, retryAfterMs: number): void {
    const { sink } = this.#attachment;
    if (!isOpen(sink)) return;
    sink.session.sendUnsubscribed(subscription, code, retryAfterMs);
    sink.wake();
  }
}

/** What an agent is told of a fault of the store. */
function codeOf(error: unknown): ErrorCode {
  if (error instanceof ProtocolError) return error.code;
  return error instanceof SealaneError && error.code === 'E_STORE_FULL' ? 'E_STORE_FULL' : 'E_STORE_UNAVAILABLE';
}
