/**
 * MessageQueues: brings items into the queues of devices (docs/protocols/messaging.md §8).
 *
 *   pending row → one event for each device, with an id made of the row → stored → row gone
 *
 * A device has its queue as soon as it is listed, whether it was ever connected or not. Items are published one batch after
 * the other, in the order of their rows, so that no message overtakes the commit that it depends on. What a crash left is
 * published again at the start; the ids of the events absorb what was there already.
 */
import { toBase64Url } from '@sealane/shared/bytes';
import { messagesTopic } from '@sealane/shared/items';
import type { NewEvent, PublishResult, QueueSpec, Store } from '../../store/index.ts';
import { CallError } from '../call-error.ts';
import type { ListedDevices, ServiceEnvironment } from '../devices.ts';
import type { DamagedItem, NewPendingItem, PendingItem } from '../store/pending-tables.ts';
import type { ServiceStore } from '../store/service-store.ts';
import { encodePendingItem } from './encode-pending-item.ts';
import { PublishLane, type Addressed } from './publish-lane.ts';

/** A message that is not stored. */
export interface TransientMessage {
  readonly group: Uint8Array;
  readonly epoch: number;
  readonly body: Uint8Array;
}

export interface MessageQueuesOptions {
  /** The store of events; its owner opens and closes it. */
  readonly events: Pick<Store, 'openQueue' | 'deleteQueue' | 'publish'>;
  readonly store: ServiceStore;
  readonly devices: Pick<ListedDevices, 'accountOf'>;
  readonly environment: ServiceEnvironment;
  /** Items that may wait to be published. */
  readonly pendingMax: number;
  readonly busyRetryMs: number;
  /** Hands a transient message to a device, where it is connected. */
  readonly onTransient: (agentId: string, message: TransientMessage) => void;
  /** What this row of the store promised cannot be read: it stays where it is, and everything else goes on. */
  readonly onDamaged: (id: number) => void;
}

/** What a step is going to promise, at most. */
export interface Room {
  readonly items: number;
  readonly bytes: number;
}

/** Bytes of items that may wait to be published. */
const PENDING_BYTES_MAX = 67_108_864;
/** Rows that are read at once at the start. */
const PAGE_ROWS = 64;
/** What comes of an event for whoever is no device any more. */
const NO_DEVICE: PublishResult = { status: 'refused', code: 'E_UNKNOWN_ADDRESS', retryAfterMs: 0 };

export class MessageQueues {
  readonly #options: MessageQueuesOptions;
  readonly #lane: PublishLane;
  /** Devices whose queues are open. */
  readonly #open = new Set<string>();
  /** Devices that were revoked since the start: whatever is under way for them opens nothing. */
  readonly #revoked = new Set<string>();
  #revocations = 0;
  /** Devices that wait to be linked: they get items although no log lists them. */
  readonly #guests = new Set<string>();
  /** Rows that are in the queues and not yet removed. */
  readonly #published: number[] = [];
  /** What steps that are under way may promise. */
  readonly #taken = { items: 0, bytes: 0 };
  #isRemoving = false;
  #isStopped = false;

  constructor(options: MessageQueuesOptions) {
    this.#options = options;
    const { environment, busyRetryMs } = options;
    this.#lane = new PublishLane({ publish: (events) => this.#publish(events), environment, retryMs: busyRetryMs });
  }

  /** Items that wait to be published. */
  get waiting(): number {
    return this.#lane.waiting;
  }

  /** Publishes what a crash left, before anything else. Resolves when it is done, or has to wait for the store of events. */
  async start(): Promise<void> {
    for (let after = 0; !this.#isStopped;) {
      const rows = await this.#options.store.ask('listPending', { after, limit: PAGE_ROWS });
      if (rows.length === 0) return;
      after = rows.at(-1)?.id ?? after;
      await this.publish(rows.filter((row) => this.#isSound(row)));
    }
  }

  /** Ends it; what waits is published at the next start. */
  stop(): void {
    this.#isStopped = true;
    this.#lane.stop();
  }

  /** A device was listed: its queue is there from now on. @throws StorageError. */
  async openFor(agentId: string): Promise<void> {
    this.#revoked.delete(agentId);
    await this.#openQueue(agentId);
  }

  /** A device that is not listed waits for its link. @throws StorageError. */
  async openForGuest(agentId: string): Promise<void> {
    this.#guests.add(agentId);
    await this.openFor(agentId);
  }

  /** The link of a device ended. Its queue goes, unless it was listed meanwhile. */
  async endGuest(agentId: string): Promise<void> {
    if (!this.#guests.delete(agentId)) return;
    if ((await this.#options.devices.accountOf(agentId)) === undefined) await this.closeFor(agentId);
  }

  /** A device was revoked: it gets nothing any more, and what waited for it is gone. @throws StorageError. */
  async closeFor(agentId: string): Promise<void> {
    this.#revoked.add(agentId);
    this.#revocations += 1;
    this.#guests.delete(agentId);
    this.#open.delete(agentId);
    await this.#options.events.deleteQueue(queueOf(agentId));
  }

  /** The queues of an agent were deleted: a device needs a new one for what comes from now on. @throws StorageError. */
  async reopen(agentId: string): Promise<void> {
    this.#open.delete(agentId);
    await this.#openIfListed(agentId);
  }

  /** Refuses where more would wait than may. @throws CallError `E_STORE_UNAVAILABLE`. */
  checkRoom({ items, bytes }: Room = { items: 1, bytes: 0 }): void {
    const { pendingMax, busyRetryMs } = this.#options;
    const waits = this.waiting + this.#taken.items + items;
    const waitingBytes = this.#lane.waitingBytes + this.#taken.bytes + bytes;
    const isFull = waits > pendingMax || waitingBytes > PENDING_BYTES_MAX;
    if (isFull) throw new CallError('E_STORE_UNAVAILABLE', { retryAfterMs: busyRetryMs });
  }

  /**
   * Does a step that promises items, and publishes them. Resolves when they are safe. Its room is taken before it, so that
   * no two steps get the same.
   *
   * @throws CallError `E_STORE_UNAVAILABLE`, and what the step throws.
   */
  async promise<Result>(
    room: Room,
    step: () => Promise<Result>,
    itemsOf: (result: Result) => readonly PendingItem[],
  ): Promise<Result> {
    this.checkRoom(room);
    this.#take(room, 1);
    let result: Result;
    try {
      result = await step();
    } finally {
      // No await between this and the publishing: they wait from here on.
      this.#take(room, -1);
    }
    await this.publish(itemsOf(result));
    return result;
  }

  /** Promises items and publishes them. Resolves when they are safe. @throws CallError, StorageError. */
  async send(items: readonly NewPendingItem[]): Promise<void> {
    const bytes = items.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    const room = { items: items.length, bytes };
    await this.promise(
      room,
      () => this.#options.store.ask('addPending', items),
      (added) => added,
    );
  }

  /** Publishes items that were promised. Resolves when they are in the queues, or have to wait for the store of events. */
  async publish(items: readonly PendingItem[]): Promise<void> {
    if (this.#isStopped) return;
    await Promise.all(items.map((item) => this.#add(item)));
  }

  /** Hands a message to those of the devices that are connected. */
  transmit(agentIds: readonly string[], message: TransientMessage): void {
    for (const agentId of agentIds) this.#options.onTransient(agentId, message);
  }

  #take({ items, bytes }: Room, times: 1 | -1): void {
    this.#taken.items += times * items;
    this.#taken.bytes += times * bytes;
  }

  #isSound(row: PendingItem | DamagedItem): row is PendingItem {
    try {
      if (row.kind !== 'damaged' && encodePendingItem(row).length > 0) return true;
    } catch {
      // Told below.
    }
    this.#options.onDamaged(row.id);
    return false;
  }

  async #add(item: PendingItem): Promise<void> {
    const { recipients, id, at, expiresAt } = item;
    const body = encodePendingItem(item);
    // A number by itself may come again after a restore, and the store of events knows the first one.
    const key = `${item.messageId === null ? at : toBase64Url(item.messageId)}.${id}`;
    await this.#lane.add({
      recipients,
      bytes: body.length,
      eventFor: (agentId) => eventOf({ at, expiresAt, body, key, agentId }),
      onDone: () => {
        this.#published.push(id);
        if (!this.#isRemoving) void this.#removePublished();
      },
    });
  }

  /** Removes the rows of what is published, those together that come meanwhile. Nobody waits for it. */
  async #removePublished(): Promise<void> {
    this.#isRemoving = true;
    while (this.#published.length > 0 && !this.#isStopped) {
      const ids = this.#published.splice(0);
      try {
        await this.#options.store.ask('removePending', ids);
      } catch {
        // They go with the next; rows that stay until the next start are published again, and absorbed.
        this.#published.push(...ids);
        break;
      }
    }
    this.#isRemoving = false;
  }

  /** Publishes to those of the receivers who have queues, and makes the queues that are missing. */
  async #publish(events: readonly Addressed[]): Promise<readonly PublishResult[]> {
    const missing = new Set(events.map(({ agentId }) => agentId).filter((agentId) => !this.#open.has(agentId)));
    await Promise.all([...missing].map((agentId) => this.#openIfListed(agentId)));
    // Whoever is not listed may have a queue of that name all the same: an agent opens it by subscribing.
    const forDevices = events.filter(({ agentId }) => this.#open.has(agentId));
    const results = await this.#options.events.publish(forDevices.map(({ event }) => event));
    const resultOf = new Map(forDevices.map((addressed, index) => [addressed, results[index]]));
    return events.map((addressed) => resultOf.get(addressed) ?? NO_DEVICE);
  }

  async #openIfListed(agentId: string): Promise<void> {
    for (let asked = -1; asked !== this.#revocations;) {
      asked = this.#revocations;
      const isListed = this.#guests.has(agentId) || (await this.#options.devices.accountOf(agentId)) !== undefined;
      if (!isListed) return;
    }
    // One that was revoked is listed anew, although nothing has followed from that yet.
    this.#revoked.delete(agentId);
    await this.#openQueue(agentId);
  }

  async #openQueue(agentId: string): Promise<void> {
    if (this.#revoked.has(agentId)) return;
    await this.#options.events.openQueue(queueOf(agentId));
    // Revoked while the store was at it.
    if (this.#revoked.has(agentId)) await this.#options.events.deleteQueue(queueOf(agentId));
    else this.#open.add(agentId);
  }
}

function queueOf(agentId: string): QueueSpec {
  return { kind: 'subscription', agentId, pattern: messagesTopic(agentId) };
}

/** The same for a repetition, to the byte: that is how the store knows it. */
function eventOf(of: {
  readonly at: number;
  readonly expiresAt: number;
  readonly body: Uint8Array;
  readonly key: string;
  readonly agentId: string;
}): NewEvent {
  const { at, expiresAt, body, key, agentId } = of;
  return {
    id: `${key}.${agentId}`,
    from: 'server',
    to: `topic:${messagesTopic(agentId)}`,
    contentType: null,
    body,
    publishedAt: at,
    expiresAt,
    dueAt: 0,
    durability: 'durable',
    dedup: { kind: 'id' },
  };
}
