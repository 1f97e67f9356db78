/**
 * Publishing: the outbox of this process, and those that others left behind in the same data directory, each with its
 * publisher. The own one is opened at the first event; the others are looked for at every connection and then now and
 * then, sent, and given up.
 */
import { ProtocolError, type SealaneError } from '@sealane/shared/errors';
import type { ProducerOpened, Receipt as ReceiptPacket } from '@sealane/shared/packets';
import type { DeliveryLink } from './delivery-link.ts';
import { Lanes, newProducerId, type LanesOptions } from './lanes.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import type { OutboxLimits, OutgoingEvent } from './outbox.ts';
import { Publisher, type PublisherOwner } from './publisher.ts';
import type { QueuedReceipt, Receipt } from './receipt.ts';
import type { CallerWait } from './callers.ts';
import type { SqliteOutbox } from './sqlite-outbox.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import type { Cancel } from './timers.ts';

export interface PublishingOptions extends PublisherOwner {
  /** Undefined keeps events in memory. */
  readonly dataDir: string | undefined;
  readonly thread: SqliteThread;
  readonly wallClock: () => number;
  readonly limits?: OutboxLimits | undefined;
  /** Whether outboxes that others left are sent, also when this process publishes nothing. */
  readonly sendsLeft: boolean;
}

/** Between two looks for outboxes that others left. */
const LOOK_MS = 60_000;

export class Publishing {
  readonly #options: PublishingOptions;
  readonly #lanes: Lanes | undefined;
  /** By handle. */
  readonly #publishers = new Map<number, Publisher>();
  readonly #laneOf = new Map<Publisher, SqliteOutbox>();
  #own: Promise<Publisher> | undefined;
  #ownPublisher: Publisher | undefined;
  /** Callers that wait for it to be opened. */
  #openWaiters = 0;
  #handlesMade = 0;
  #link: DeliveryLink | undefined;
  #isSending = false;
  #looking: Promise<void> | undefined;
  #cancelLook: Cancel | undefined;
  #closedFor: SealaneError | undefined;

  constructor(options: PublishingOptions) {
    const { dataDir, thread, wallClock, limits } = options;
    const onIncident: LanesOptions['onIncident'] = (message, error) => options.onIncident(message, error);
    this.#options = options;
    this.#lanes = dataDir === undefined ? undefined : new Lanes({ dataDir, thread, wallClock, limits, onIncident });
  }

  /** Events that were sent and have no receipt yet. */
  get inFlightCount(): number {
    let count = 0;
    for (const publisher of this.#publishers.values()) count += publisher.inFlightCount;
    return count;
  }

  /** @throws as `Agent.publish`, at once or later. */
  publish(event: OutgoingEvent, wait: CallerWait): Promise<Receipt> {
    const publisher = this.#openOne;
    return publisher === undefined ? this.#opened((own) => own.publish(event, wait)) : publisher.publish(event, wait);
  }

  /** @throws as `Agent.publish`, at once or later. */
  queue(event: OutgoingEvent): Promise<QueuedReceipt> {
    const publisher = this.#openOne;
    return publisher === undefined ? this.#opened((own) => own.queue(event)) : publisher.queue(event);
  }

  /** There is a connection. */
  open(link: DeliveryLink): void {
    this.#link = link;
    this.#isSending = true;
    for (const publisher of this.#publishers.values()) publisher.open(link);
    this.#look();
  }

  /** Nothing more is sent over this connection. */
  stopSending(): void {
    this.#isSending = false;
    this.#cancelLook?.();
    for (const publisher of this.#publishers.values()) publisher.stopSending();
  }

  /** The connection is gone. */
  lose(why: SealaneError | undefined): void {
    this.stopSending();
    this.#link = undefined;
    for (const publisher of this.#publishers.values()) publisher.lose(why);
  }

  onOpened(packet: ProducerOpened): void {
    this.#publishers.get(packet.producer)?.onOpened(packet);
  }

  onReceipt(packet: ReceiptPacket): void {
    const publisher = this.#publishers.get(packet.producer);
    publisher?.onReceipt(packet);
    if (publisher !== undefined && publisher !== this.#ownPublisher && publisher.isEmpty)
      void this.#giveUp(packet.producer, publisher);
  }

  /** The connection can take more. */
  pump(): void {
    for (const publisher of this.#publishers.values()) publisher.pump();
  }

  /** Callers are told; events stay, and their files are free for others. */
  async close(error: SealaneError): Promise<void> {
    this.#closedFor ??= error;
    this.stopSending();
    this.#link = undefined;
    for (const publisher of this.#publishers.values()) publisher.close(error);
    await this.#looking;
    await this.#own?.catch(() => undefined);
    for (const [handle, publisher] of [...this.#publishers]) await this.#giveUp(handle, publisher);
  }

  /** The own publisher, where it is open and nobody still waits for that: events stay in the order of their calls. */
  get #openOne(): Publisher | undefined {
    return this.#openWaiters === 0 && this.#closedFor === undefined ? this.#ownPublisher : undefined;
  }

  async #opened<Result>(publish: (publisher: Publisher) => Promise<Result>): Promise<Result> {
    this.#openWaiters += 1;
    let publisher: Publisher;
    try {
      publisher = await this.#ownOne();
    } finally {
      this.#openWaiters -= 1;
    }
    return await publish(publisher);
  }

  #ownOne(): Promise<Publisher> {
    if (this.#closedFor !== undefined) return Promise.reject(this.#closedFor);
    this.#own ??= this.#openOwn().catch((error: unknown) => {
      // The next event tries again.
      this.#own = undefined;
      throw error;
    });
    return this.#own;
  }

  /** Where events of before still wait, new ones follow them. */
  async #openOwn(): Promise<Publisher> {
    await this.#looking;
    const [left] = this.#laneOf.keys();
    if (left !== undefined) return (this.#ownPublisher = left);
    const { wallClock, limits } = this.#options;
    const lane = await this.#lanes?.take();
    const outbox =
      lane ?? new MemoryOutbox({ producerId: newProducerId(), wallClock, ...(limits !== undefined && { limits }) });
    this.#ownPublisher = this.#add(outbox, lane);
    return this.#ownPublisher;
  }

  #add(outbox: MemoryOutbox | SqliteOutbox, lane: SqliteOutbox | undefined): Publisher {
    const handle = ++this.#handlesMade;
    const publisher = new Publisher(outbox, handle, this.#options);
    this.#publishers.set(handle, publisher);
    if (lane !== undefined) this.#laneOf.set(publisher, lane);
    if (this.#closedFor !== undefined) publisher.close(this.#closedFor);
    else if (this.#link !== undefined && this.#isSending) publisher.open(this.#link);
    return publisher;
  }

  async #giveUp(handle: number, publisher: Publisher): Promise<void> {
    this.#publishers.delete(handle);
    publisher.close(this.#closedFor ?? new ProtocolError('E_CLOSED'));
    const lane = this.#laneOf.get(publisher);
    this.#laneOf.delete(publisher);
    if (lane !== undefined) await this.#lanes?.release(lane);
  }

  #look(): void {
    if (this.#options.sendsLeft || this.#own !== undefined) {
      this.#looking ??= this.#takeLeft().finally(() => (this.#looking = undefined));
    }
    this.#cancelLook?.();
    this.#cancelLook = this.#options.timers.after(LOOK_MS, () => this.#look());
  }

  async #takeLeft(): Promise<void> {
    if (this.#lanes?.exist !== true) return;
    try {
      for (const lane of await this.#lanes.takeLeft()) this.#add(lane, lane);
    } catch (error) {
      this.#options.onIncident('outboxes that others left cannot be opened', error);
    }
  }
}
