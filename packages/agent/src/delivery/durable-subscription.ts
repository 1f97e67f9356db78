/**
 * DurableSubscription: one subscription over one connection after the other (docs/protocols/delivery.md §4).
 *
 *   open → what is done is read → Subscribe with it → Subscribed → deliveries … → connection lost → open …
 *                                                   → Unsubscribed: refused for now, or for good
 */
import { toHex } from '@sealane/shared/bytes';
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import {
  DONE_BITMAP_BYTES_MAX,
  type Event,
  type Skipped,
  type Subscribed,
  type Unsubscribed,
} from '@sealane/shared/packets';
import type { DeliveryLink } from './delivery-link.ts';
import { DoneSet } from './done-set.ts';
import { EventWork } from './event-work.ts';
import type { Inbox, InboxEntry } from './inbox.ts';
import { refusal, retryDelayMs } from './refusal.ts';
import {
  subscriptionName,
  type EventHandler,
  type SkippedEvents,
  type SubscribeOptions,
  type Subscription,
  type SubscriptionState,
} from './subscription.ts';
import type { Cancel, Timers } from './timers.ts';

/** What a subscription needs of its owner. */
export interface SubscriptionOwner {
  readonly timers: Timers;
  /** Opened at the first use. */
  inbox(): Promise<Inbox>;
  onFault(what: string, error: unknown): void;
  /** It is over. */
  onEnded(subscription: DurableSubscription): void;
}

const WINDOW_EVENTS_DEFAULT = 256;
/** Time for the server to take note of the end of a subscription. */
const UNSUBSCRIBE_MS = 30_000;
/** A server that sends more than it granted breaks the rules; twice as much is let pass. */
const WINDOWS_MAX = 2;
/** However short the time for acks is that a server names. */
const ACK_WAIT_MS_MIN = 1_000;
/** So many ack waits make room, for memory: whoever answers nothing for longer is connected anew. */
const ACK_WAITS_MAX = 64;

const SKIP_REASONS: readonly SkippedEvents['reason'][] = [
  'unknown',
  'expired',
  'retention',
  'overflow',
  'dead-letter',
  'purged',
];

export class DurableSubscription implements Subscription {
  readonly topic: string | null;
  readonly name: string;
  readonly #handle: number;
  readonly #options: SubscribeOptions;
  readonly #owner: SubscriptionOwner;
  readonly #work: EventWork;
  readonly #ready = Promise.withResolvers<SubscriptionState>();
  readonly #ended = Promise.withResolvers<SealaneError | undefined>();
  readonly #windowEvents: number;
  #link: DeliveryLink | undefined;
  /** What is known of each lineage. */
  readonly #known = new Map<string, InboxEntry & { readonly set: DoneSet }>();
  #lineage: Uint8Array | undefined;
  /** The server lost its past, and the inbox does not know it yet. */
  #isLossUnsaved = false;
  #server = '';
  #granted = 0;
  #ackWaitMs = ACK_WAIT_MS_MIN;
  /** When the Subscribe of this connection was sent. */
  #subscribedAt = 0;
  #wasReady = false;
  #isOver = false;
  #unsubscribed: PromiseWithResolvers<undefined> | undefined;
  #forget = false;
  #cancelRetry: Cancel | undefined;

  constructor(
    about: {
      readonly topic: string | null;
      readonly handle: number;
      readonly handler: EventHandler;
      readonly options: SubscribeOptions;
    },
    owner: SubscriptionOwner,
  ) {
    const { topic, handle, handler, options } = about;
    this.topic = topic;
    this.name = subscriptionName(topic, options.group);
    this.#handle = handle;
    this.#options = options;
    this.#owner = owner;
    this.#windowEvents = options.windowEvents ?? WINDOW_EVENTS_DEFAULT;
    this.#ready.promise.catch(() => undefined);
    const link = (): DeliveryLink | undefined => this.#link;
    this.#work = new EventWork({
      handle,
      handler,
      timers: owner.timers,
      concurrency: options.concurrency ?? 1,
      isManual: options.acknowledge === 'manual',
      get link() {
        return link();
      },
      save: () => this.#save(),
      onFault: (what, error) => owner.onFault(what, error),
    });
  }

  get ready(): Promise<SubscriptionState> {
    return this.#ready.promise;
  }

  get whenEnded(): Promise<SealaneError | undefined> {
    return this.#ended.promise;
  }

  drain(): Promise<void> {
    return this.unsubscribe();
  }

  async unsubscribe({ forget = false }: { readonly forget?: boolean } = {}): Promise<void> {
    if (this.#isOver) return;
    await this.#work.stop();
    this.#unsubscribed ??= Promise.withResolvers<undefined>();
    this.#forget ||= forget;
    this.#tellEnd();
    if (this.#forget) await this.#untilForgotten(this.#unsubscribed.promise);
    else if (this.#link !== undefined) await this.#unsubscribed.promise;
    this.#end(undefined);
  }

  // For the connection.

  /** There is a connection. */
  open(link: DeliveryLink): void {
    if (this.#isOver) return;
    if (link.hasEvents) void this.#subscribe(link);
    else if (!this.#wasReady) this.#end(new ProtocolError('E_NO_EVENTS'));
  }

  /** It is gone. */
  lose(): void {
    this.#cancelRetry?.();
    this.#link = undefined;
    this.#work.lose();
    if (!this.#forget) this.#unsubscribed?.resolve(undefined);
  }

  onSubscribed(packet: Subscribed): void {
    const { lineage, cursor, nextSequence, ackWaitMs, waiting, durability } = packet;
    // What was not asked for no server can grant.
    const windowEvents = Math.min(packet.windowEvents, this.#windowEvents);
    const known = this.#known.get(toHex(lineage))?.set;
    // It is done with what the server does not have: the server lost its past, and its sequences mean other events.
    const isLost = known !== undefined && known.last >= nextSequence;
    const set = isLost ? new DoneSet() : (known ?? new DoneSet());
    set.advanceTo(cursor);
    this.#lineage = lineage.slice();
    this.#known.set(toHex(lineage), { lineage: this.#lineage, server: this.#server, done: set.state(), set });
    this.#granted = windowEvents;
    this.#ackWaitMs = Math.max(ackWaitMs, ACK_WAIT_MS_MIN);
    this.#wasReady = true;
    this.#work.use(set, ackWaitMs);
    const word = durability === 0 ? 'durable' : 'relaxed';
    this.#ready.resolve({ waiting, windowEvents, ackWaitMs, durability: word });
    if (isLost) void this.#noteLoss(known.last, nextSequence);
  }

  onUnsubscribed({ code, retryAfterMs }: Unsubscribed): void {
    if (this.#unsubscribed !== undefined) {
      this.#unsubscribed.resolve(undefined);
      return;
    }
    const error = code === 0 ? undefined : refusal(code, 'the server does not deliver');
    const delayMs = error === undefined ? 0 : retryDelayMs(error.code, retryAfterMs);
    this.#work.lose();
    const link = this.#link;
    if (delayMs > 0 && link !== undefined)
      this.#cancelRetry = this.#owner.timers.after(delayMs, () => void this.#subscribe(link));
    else if (error?.code !== 'E_NO_EVENTS' || !this.#wasReady) this.#end(error);
  }

  onEvent(packet: Event): void {
    if (this.#lineage === undefined) this.#link?.fail('E_STATE');
    else if (this.#isFlooded) this.#link?.fail('E_FLOW_CONTROL');
    else this.#work.onEvent(packet);
  }

  /**
   * Whether the server sends more than it may. What had no answer in time makes room for as much again with every ack wait
   * that passes: another member of a group has it, while a handler here works on.
   */
  get #isFlooded(): boolean {
    if (this.#work.count < this.#granted * WINDOWS_MAX) return false;
    const passed = Math.floor((this.#owner.timers.now() - this.#subscribedAt) / this.#ackWaitMs);
    const ackWaits = Math.min(passed, ACK_WAITS_MAX);
    return this.#work.deliveredCount >= this.#granted * (WINDOWS_MAX + ackWaits);
  }

  onSkipped(packet: Skipped): void {
    const { from, to, reason } = packet;
    if (this.#lineage === undefined || to < from) {
      this.#link?.fail('E_STATE');
      return;
    }
    try {
      this.#options.onSkipped?.({ from, to, reason: SKIP_REASONS[reason] ?? 'unknown' });
    } catch (error) {
      this.#owner.onFault('a listener of skipped events failed', error);
    }
    void this.#work.onSkipped(packet);
  }

  /** Whether a handler is at work, or what one did is being written down. */
  get isBusy(): boolean {
    return this.#work.isBusy;
  }

  /** Takes nothing more; resolves when handlers at work have returned and what they did was told. */
  stop(): Promise<void> {
    return this.#work.stop();
  }

  /** The agent is closed. */
  close(error: SealaneError): void {
    this.lose();
    this.#end(error);
  }

  async #subscribe(link: DeliveryLink): Promise<void> {
    this.#link = link;
    this.#server = link.server;
    try {
      await this.#load();
    } catch (error) {
      this.#owner.onFault('the inbox cannot be read', error);
      this.#end(error as SealaneError);
      return;
    }
    if (this.#link !== link || this.#isOver) return;
    const { group, ackWaitMs = 0 } = this.#options;
    const done = this.#work.done;
    this.#subscribedAt = this.#owner.timers.now();
    link.subscribe({
      subscription: this.#handle,
      topic: this.topic,
      group: group ?? null,
      windowEvents: this.#windowEvents,
      ackWaitMs,
      lineage: this.#lineage ?? null,
      cursor: this.#lineage === undefined ? 0 : done.cursor,
      doneBitmap: this.#lineage === undefined ? new Uint8Array(0) : done.bitmap(DONE_BITMAP_BYTES_MAX),
    });
    this.#tellEnd();
  }

  /**
   * What is done is read anew for each connection: another process of this agent may have had the one before. Of several
   * lineages that of this server is taken, else the latest: to another server it says nothing.
   */
  async #load(): Promise<void> {
    if (this.#isLossUnsaved) return;
    const inbox = await this.#owner.inbox();
    const entries = await inbox.load(this.name);
    for (const entry of entries) {
      const lineage = toHex(entry.lineage);
      const known = this.#known.get(lineage);
      if (known === undefined) this.#known.set(lineage, { ...entry, set: new DoneSet(entry.done) });
      else known.set.merge(entry.done);
    }
    if (this.#lineage !== undefined) return;
    const latest = entries.find(({ server }) => server === this.#server) ?? entries[0];
    const known = latest && this.#known.get(toHex(latest.lineage));
    if (known === undefined) return;
    this.#lineage = known.lineage;
    this.#work.use(known.set, 0);
  }

  async #noteLoss(last: number, nextSequence: number): Promise<void> {
    const known = `it delivered events up to ${last} and has them up to ${nextSequence - 1}`;
    this.#owner.onFault('the server lost its past; events may come again', new ProtocolError('E_STATE', known));
    this.#isLossUnsaved = true;
    try {
      await this.#save();
      this.#isLossUnsaved = false;
    } catch (error) {
      this.#owner.onFault('what is done cannot be written down', error);
    }
  }

  async #save(): Promise<void> {
    const lineage = this.#lineage;
    if (lineage === undefined) return;
    const { done } = this.#work;
    const inbox = await this.#owner.inbox();
    await inbox.save(this.name, () => ({ server: this.#server, lineage, done: done.state() }));
  }

  #tellEnd(): void {
    if (this.#unsubscribed === undefined) return;
    this.#link?.unsubscribe({ subscription: this.#handle, forget: this.#forget });
  }

  async #untilForgotten(unsubscribed: Promise<undefined>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const late = (): void => reject(new ProtocolError('E_TIMEOUT', 'The server did not take note in time'));
      const cancel = this.#owner.timers.after(UNSUBSCRIBE_MS, late);
      void unsubscribed.then(() => {
        cancel();
        resolve();
      });
    });
    const inbox = await this.#owner.inbox();
    await inbox.forget(this.name);
  }

  #end(error: SealaneError | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelRetry?.();
    this.#work.close();
    this.#ready.reject(error ?? new ProtocolError('E_CANCELLED'));
    this.#unsubscribed?.resolve(undefined);
    this.#ended.resolve(error);
    this.#owner.onEnded(this);
  }
}
