/**
 * AgentDelivery: the agent's side of delivery, composed: outboxes, subscriptions, presence, and the thread and files behind
 * them. It lives as long as its agent; connections come and go. What is not used costs nothing.
 */
import { join } from 'node:path';
import { isAgentName } from '@sealane/shared/documents';
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import { WINDOW_EVENTS_MAX } from '@sealane/shared/packets';
import type { SessionEvent } from '@sealane/shared/session';
import { isGroupName, isTopicPattern } from '@sealane/shared/topics';
import type { Logger } from '@sealane/node/log';
import { openPrivateDirectory } from '@sealane/node/keys';
import type { DeliveryLink } from './delivery-link.ts';
import { DurableSubscription } from './durable-subscription.ts';
import type { Inbox } from './inbox.ts';
import { MemoryInbox } from './memory-inbox.ts';
import type { OutboxLimits, OutgoingEvent } from './outbox.ts';
import type { CallerWait } from './callers.ts';
import { PresenceWatches, type PresenceListener, type PresenceWatch } from './presence.ts';
import { Publishing } from './publishing.ts';
import type { QueuedReceipt, Receipt } from './receipt.ts';
import { SqliteInbox } from './sqlite-inbox.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { subscriptionName, type EventHandler, type SubscribeOptions, type Subscription } from './subscription.ts';
import { systemTimers, type Timers } from './timers.ts';

/** An event that the server refused for good, with nobody waiting for its receipt. */
export interface RefusedEvent {
  readonly id: string;
  readonly to: string;
  readonly error: SealaneError;
}

export interface AgentDeliveryOptions {
  /** Where outboxes and the inbox are; undefined keeps them in memory. */
  readonly dataDir: string | undefined;
  /** Whether outboxes that other processes left are sent, also when nothing is published here. */
  readonly sendsLeft: boolean;
  readonly log: Logger;
  readonly onRefused: (refused: RefusedEvent) => void;
  readonly outboxLimits?: OutboxLimits | undefined;
  readonly timers?: Timers;
  readonly wallClock?: () => number;
}

const INBOX_FILE = 'inbox.sqlite';

export class AgentDelivery {
  readonly #options: AgentDeliveryOptions;
  readonly #timers: Timers;
  readonly #thread = new SqliteThread();
  readonly #publishing: Publishing;
  /** By handle. */
  readonly #subscriptions = new Map<number, DurableSubscription>();
  readonly #presence: PresenceWatches;
  #inbox: Promise<Inbox> | undefined;
  #handlesMade = 0;
  #link: DeliveryLink | undefined;
  #closedFor: SealaneError | undefined;

  constructor(options: AgentDeliveryOptions) {
    const { dataDir, sendsLeft, log, outboxLimits, onRefused, timers = systemTimers, wallClock = Date.now } = options;
    this.#options = options;
    this.#timers = timers;
    this.#presence = new PresenceWatches((what, error) => log.error(what, { error }));
    this.#publishing = new Publishing({
      dataDir,
      thread: this.#thread,
      wallClock,
      limits: outboxLimits,
      sendsLeft,
      timers,
      onRefused: ({ id, to }, error) => {
        log.error('the server refused an event for good', { id, to, code: error.code });
        onRefused({ id, to, error });
      },
      onIncident: (message, error) => log.error('trouble with an outbox', { what: message, error }),
    });
  }

  /** Whether events were sent whose receipts have not come. */
  get isBusy(): boolean {
    return this.#publishing.inFlightCount > 0;
  }

  publish(event: OutgoingEvent, wait: CallerWait): Promise<Receipt> {
    return this.#publishing.publish(event, wait);
  }

  queue(event: OutgoingEvent): Promise<QueuedReceipt> {
    return this.#publishing.queue(event);
  }

  /** @throws ProtocolError `E_BAD_TOPIC`, `E_CLOSED`; RangeError for other options, or a second one of the same name. */
  subscribe(topic: string | null, handler: EventHandler, options: SubscribeOptions): Subscription {
    if (this.#closedFor !== undefined) throw this.#closedFor;
    checkSubscription(topic, options);
    const name = subscriptionName(topic, options.group);
    for (const other of this.#subscriptions.values())
      if (other.name === name) throw new RangeError(`"${name}" is subscribed already`);
    const handle = ++this.#handlesMade;
    const subscription = new DurableSubscription(
      { topic, handle, handler, options },
      {
        timers: this.#timers,
        inbox: () => this.#openInbox(),
        onFault: (what, error) => this.#options.log.error(what, { subscription: name, error }),
        onEnded: () => void this.#subscriptions.delete(handle),
      },
    );
    this.#subscriptions.set(handle, subscription);
    if (this.#link !== undefined) subscription.open(this.#link);
    return subscription;
  }

  /** @throws ProtocolError `E_CLOSED`. */
  watchPresence(agentId: string, listener: PresenceListener): PresenceWatch {
    if (this.#closedFor !== undefined) throw this.#closedFor;
    if (!isAgentName(agentId)) throw new RangeError('"agentId" expected an agent id');
    return this.#presence.watch(agentId, listener);
  }

  // For the connection.

  open(link: DeliveryLink): void {
    this.#link = link;
    this.#publishing.open(link);
    for (const subscription of this.#subscriptions.values()) subscription.open(link);
    this.#presence.open(link);
  }

  /** The server will leave: nothing new is sent, what is under way is finished. */
  stopSending(): void {
    this.#publishing.stopSending();
  }

  /** The connection is gone. @param why told to callers whose time is up. */
  lose(why: SealaneError | undefined): void {
    this.#link = undefined;
    this.#publishing.lose(why);
    for (const subscription of this.#subscriptions.values()) subscription.lose();
    this.#presence.lose();
  }

  onDrain(): void {
    this.#publishing.pump();
  }

  /** A packet about events came; those that only servers receive do not get here. */
  onPacket({ packet }: Extract<SessionEvent, { type: 'delivery' }>): void {
    switch (packet.id) {
      case 0x31:
        this.#subscriptions.get(packet.subscription)?.onSubscribed(packet);
        break;
      case 0x33:
        this.#subscriptions.get(packet.subscription)?.onUnsubscribed(packet);
        break;
      case 0x34:
        this.#subscriptions.get(packet.subscription)?.onEvent(packet);
        break;
      case 0x38:
        this.#subscriptions.get(packet.subscription)?.onSkipped(packet);
        break;
      case 0x3a:
        this.#publishing.onOpened(packet);
        break;
      case 0x3c:
        this.#publishing.onReceipt(packet);
        break;
      case 0x3e:
        this.#presence.onPresence(packet);
        break;
      default:
      // What only servers receive: sessions of agents refuse it.
    }
  }

  /**
   * Takes no event more; resolves when handlers at work have returned and what they did was told to the server.
   *
   * @returns undefined when no handler is at work.
   */
  stop(): Promise<unknown> | undefined {
    const subscriptions = [...this.#subscriptions.values()];
    const isBusy = subscriptions.some((subscription) => subscription.isBusy);
    const stopped = Promise.all(subscriptions.map((subscription) => subscription.stop()));
    return isBusy ? stopped : undefined;
  }

  /** Nothing more happens; files are free when it resolves. */
  async close(error: SealaneError): Promise<void> {
    if (this.#closedFor !== undefined) return;
    this.#closedFor = error;
    this.#link = undefined;
    for (const subscription of [...this.#subscriptions.values()]) subscription.close(error);
    this.#presence.close(error);
    await this.#publishing.close(error);
    const inbox = await this.#inbox?.catch(() => undefined);
    await inbox?.close();
  }

  #openInbox(): Promise<Inbox> {
    if (this.#inbox !== undefined) return this.#inbox;
    const { dataDir, wallClock = Date.now } = this.#options;
    if (dataDir === undefined) return (this.#inbox = Promise.resolve(new MemoryInbox()));
    openPrivateDirectory(dataDir);
    this.#inbox = SqliteInbox.open({ thread: this.#thread, file: join(dataDir, INBOX_FILE), wallClock });
    return this.#inbox;
  }
}

function checkSubscription(topic: string | null, options: SubscribeOptions): void {
  const { group, windowEvents = 1, ackWaitMs = 0, concurrency = 1 } = options;
  if (topic !== null && !isTopicPattern(topic)) throw new ProtocolError('E_BAD_TOPIC');
  if (group !== undefined && (topic === null || !isGroupName(group)))
    throw new RangeError('"group" expected a name, beside a topic');
  if (!Number.isInteger(windowEvents) || windowEvents < 1 || windowEvents > WINDOW_EVENTS_MAX)
    throw new RangeError(`"windowEvents" expected 1 to ${WINDOW_EVENTS_MAX}, got ${windowEvents}`);
  if (!Number.isInteger(ackWaitMs) || ackWaitMs < 0) throw new RangeError('"ackWaitMs" expected whole ms');
  if (!Number.isInteger(concurrency) || concurrency < 1) throw new RangeError('"concurrency" expected 1 or more');
}
