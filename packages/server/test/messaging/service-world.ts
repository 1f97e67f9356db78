/** The services of messaging over real stores, with devices that read their queues. Not part of the product. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8Encode } from '@sealane/shared/bytes';
import { decodeItem, messagesTopic, type Item } from '@sealane/shared/items';
import { DEFAULT_DELIVERY_LIMITS } from '../../src/config/index.ts';
import { Delivery } from '../../src/delivery/index.ts';
import type { ActingDevice, ListedDevices, ServiceEnvironment } from '../../src/messaging/devices.ts';
import { groupLimitsOf, type GroupLimits } from '../../src/messaging/groups/group-limits.ts';
import { Groups, type NewCommit, type NewMessage } from '../../src/messaging/groups/groups.ts';
import { keyPackageLimitsOf, type KeyPackageLimits } from '../../src/messaging/key-packages/key-package-limits.ts';
import { KeyPackages } from '../../src/messaging/key-packages/key-packages.ts';
import { MessageQueues, type TransientMessage } from '../../src/messaging/queues/message-queues.ts';
import { MemoryMessagingStore } from '../../src/messaging/store/memory-messaging-store.ts';
import { SqliteMessagingStore } from '../../src/messaging/store/sqlite-messaging-store.ts';
import { Permissions } from '../../src/permissions/index.ts';
import { MemoryDisk, MemoryStore, SqliteStore, type Store } from '../../src/store/index.ts';
import { FakeAgent } from '../delivery/fake-agent.ts';
import { listDevices } from './device-tables.ts';
import { WatchedStore } from './watched-store.ts';

/** Where events and everything else are kept. */
export type EventStoreKind = 'memory' | 'sqlite';

export interface WorldOptions {
  readonly events?: EventStoreKind;
  readonly limits?: Partial<GroupLimits>;
  readonly keyPackageLimits?: Partial<KeyPackageLimits>;
  /** Intervals pass by `aheadMs` alone: however long a test takes, no limit gives anything back meanwhile. */
  readonly isClockStill?: boolean;
}

/** A device, and the number of its last write. */
export interface Device extends ActingDevice {
  readonly username: string;
  write: number;
}

export class ServiceWorld implements ListedDevices {
  readonly folder = mkdtempSync(join(tmpdir(), 'sealane-messaging-'));
  readonly transients: { readonly agentId: string; readonly message: TransientMessage }[] = [];
  /** How far the clocks are ahead. */
  aheadMs = 0;
  readonly environment: ServiceEnvironment = {
    now: () => (this.#options.isClockStill === true ? 0 : performance.now()) + this.aheadMs,
    wallClock: () => Date.now() + this.aheadMs,
    schedule: (delayMs, run) => {
      const timer = setTimeout(run, delayMs);
      timer.unref();
      return { cancel: () => clearTimeout(timer) };
    },
  };
  readonly #options: WorldOptions;
  readonly #disk = new MemoryDisk();
  readonly #devices = new Map<string, Device>();
  /** How often each account said which devices it has. */
  readonly #statements = new Map<string, number>();
  #entries = 0;
  events: MemoryStore | SqliteStore;
  delivery: Delivery;
  file: SqliteMessagingStore | MemoryMessagingStore;
  store: WatchedStore;
  queues: MessageQueues;
  groups: CountingGroups;
  keyPackages: KeyPackages;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.events = this.#makeEvents();
    this.delivery = this.#makeDelivery();
    this.file = this.#makeFile();
    this.store = new WatchedStore(this.file);
    this.queues = this.#makeQueues(this.events);
    this.groups = this.#makeGroups();
    this.keyPackages = this.#makeKeyPackages();
  }

  static async start(options: WorldOptions = {}): Promise<ServiceWorld> {
    const world = new ServiceWorld(options);
    await world.delivery.start();
    await world.file.open(() => undefined);
    await world.queues.start();
    return world;
  }

  /** The process dies, and starts again. */
  async crash(): Promise<void> {
    this.queues.stop();
    this.delivery.alarms.stop();
    await this.events.crash();
    if (this.file instanceof SqliteMessagingStore) await this.file.crash();
    this.events = this.#makeEvents();
    this.delivery = this.#makeDelivery();
    await this.delivery.start();
    if (this.file instanceof SqliteMessagingStore) {
      this.file = this.#makeFile();
      await this.file.open(() => undefined);
    }
    this.store = new WatchedStore(this.file);
    this.queues = this.#makeQueues(this.events);
    this.groups = this.#makeGroups();
    this.keyPackages = this.#makeKeyPackages();
    await this.queues.start();
  }

  async stop(): Promise<void> {
    this.queues.stop();
    await this.delivery.stop();
    await this.file.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** A device is listed in the log of an account, as `username/name`. */
  async device(username: string, name = 'one'): Promise<Device> {
    const device: Device = {
      agentId: `${username}.${name}`,
      username,
      accountId: createHash('sha256').update(username).digest(),
      write: 0,
    };
    await this.list(device);
    await this.queues.openFor(device.agentId);
    return device;
  }

  /** The log of its account lists a device, and nothing has followed from that yet. */
  async list(device: Device): Promise<void> {
    this.#devices.set(device.agentId, device);
    await this.#list(device);
  }

  /** What the owner of accounts does when a device is revoked. */
  async revoke(device: Device): Promise<void> {
    const { agentId } = device;
    await this.unlist(device);
    await Promise.all([this.groups.drop(agentId), this.keyPackages.drop(agentId), this.queues.closeFor(agentId)]);
  }

  /** The log of its account revokes a device, and nothing has followed from that yet. The step has been asked for when this returns. */
  async unlist(device: Device): Promise<void> {
    this.#devices.delete(device.agentId);
    await this.#list(device);
  }

  accountOf(agentId: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#devices.get(agentId)?.accountId);
  }

  devicesOf(username: string): Promise<readonly string[] | undefined> {
    const devices = [...this.#devices.values()].filter((device) => device.username === username);
    return Promise.resolve(devices.length === 0 ? undefined : devices.map(({ agentId }) => agentId));
  }

  /** A commit of a device with its next number, which is used when it is stored. */
  commitOf(device: Device, group: Uint8Array, epoch: number, about: Partial<NewCommit> = {}): NewCommit {
    const { added = [] } = about;
    return {
      group,
      epoch,
      write: device.write + 1,
      messageId: randomBytes(16),
      commit: content(`commit ${device.agentId} ${epoch}`),
      welcome: added.length === 0 ? null : content(`welcome ${epoch}`),
      groupInfo: null,
      added,
      removed: [],
      isExternal: false,
      ...about,
    };
  }

  messageOf(device: Device, group: Uint8Array, epoch: number, text: string): NewMessage {
    return { group, epoch, write: device.write + 1, messageId: randomBytes(16), body: utf8Encode(text), ttlMs: 0 };
  }

  /** A group that a device makes with others, at epoch 1. */
  async group(maker: Device, others: readonly Device[]): Promise<Uint8Array> {
    const group = randomBytes(16);
    const added = others.map(({ agentId }) => agentId);
    await this.groups.commit(maker, this.commitOf(maker, group, 0, { added }));
    return group;
  }

  /** A device connects, takes what waits for it and acks it. */
  connect({ agentId }: { readonly agentId: string }): FakeAgent {
    const agent = new FakeAgent(this.delivery, agentId);
    agent.onEvent = (event) => agent.ack(event);
    agent.subscribe(messagesTopic(agentId));
    return agent;
  }

  /** What waits in the queue of a device that is not connected, in order; nothing is acked. */
  async items({ agentId }: { readonly agentId: string }): Promise<Item[]> {
    const queues = await this.events.queuesOf(agentId);
    const queue = queues.find(({ spec }) => spec.kind === 'subscription' && spec.pattern === messagesTopic(agentId));
    if (queue === undefined) return [];
    const lease = await this.events.claimAgent(agentId, 'main');
    const read = await this.events.read(queue.queueId, { after: 0, limit: 10_000, bytesMax: 100_000_000 }, lease);
    return read.flatMap((item) => (item.kind === 'event' ? [itemOf(item.body)] : []));
  }

  /** The items of a device in words: kind and body. */
  async words(device: { readonly agentId: string }): Promise<string[]> {
    return (await this.items(device)).map(wordsOf);
  }

  /** Publishes through something else from now on: a store that fails, for one. */
  publishThrough(events: Pick<Store, 'openQueue' | 'deleteQueue' | 'publish'>): void {
    this.queues.stop();
    this.queues = this.#makeQueues(events);
    this.groups = this.#makeGroups();
  }

  /** Writes down which devices the account of a device has. */
  async #list({ username, accountId }: Device): Promise<void> {
    const devices = [...this.#devices.values()].filter((device) => device.username === username);
    const count = this.#statements.get(username) ?? 0;
    this.#statements.set(username, count + 1);
    const agentIds = devices.map(({ agentId }) => agentId);
    await listDevices(this.file, { username, accountId }, { agentIds, count, entries: this.#entries++ });
  }

  #makeFile(): SqliteMessagingStore | MemoryMessagingStore {
    return this.#options.events === 'sqlite'
      ? new SqliteMessagingStore(join(this.folder, 'messaging.db'))
      : new MemoryMessagingStore();
  }

  #makeEvents(): MemoryStore | SqliteStore {
    return this.#options.events === 'sqlite'
      ? new SqliteStore(join(this.folder, 'events.db'), { diskFloorBytes: 0 })
      : new MemoryStore({ disk: this.#disk });
  }

  #makeDelivery(): Delivery {
    const environment = {
      ...this.environment,
      random: Math.random,
      newEventId: () => randomBytes(16).toString('hex'),
      defer: queueMicrotask,
    };
    return new Delivery({
      store: this.events,
      environment,
      limits: DEFAULT_DELIVERY_LIMITS,
      permissions: new Permissions([]),
      isKnownAgent: () => true,
      isConnected: () => false,
      isShared: false,
      onHealth: () => undefined,
      onIncident: () => undefined,
    });
  }

  #makeQueues(events: Pick<Store, 'openQueue' | 'deleteQueue' | 'publish'>): MessageQueues {
    return new MessageQueues({
      events,
      store: this.store,
      devices: this,
      environment: this.environment,
      pendingMax: this.#options.limits?.pendingMax ?? 4_096,
      busyRetryMs: 20,
      onTransient: (agentId, message) => this.transients.push({ agentId, message }),
      onDamaged: () => undefined,
    });
  }

  #makeGroups(): CountingGroups {
    const limits = { ...groupLimitsOf('default'), ...this.#options.limits };
    const { store, queues, environment } = this;
    return new CountingGroups({ store, queues, environment, limits });
  }

  #makeKeyPackages(): KeyPackages {
    const limits = { ...keyPackageLimitsOf('default'), ...this.#options.keyPackageLimits };
    const { store, environment } = this;
    return new KeyPackages({ store, devices: this, environment, limits });
  }
}

/** Writes that are stored have used their number. */
class CountingGroups extends Groups {
  override async commit(device: Device, commit: NewCommit): ReturnType<Groups['commit']> {
    const answer = await super.commit(device, commit);
    device.write = Math.max(device.write, commit.write);
    return answer;
  }

  override async send(device: Device, message: NewMessage): ReturnType<Groups['send']> {
    const answer = await super.send(device, message);
    device.write = Math.max(device.write, message.write);
    return answer;
  }
}

export function content(text: string) {
  return { body: utf8Encode(text), blob: null };
}

/** @throws for what is no item. */
export function itemOf(bytes: Uint8Array): Item {
  const item = decodeItem(bytes);
  if (item === undefined) throw new Error('this is no item');
  return item;
}

/** An item in words: its kind, and its body as text. */
export function wordsOf(item: Item): string {
  return 'body' in item ? `${item.kind}: ${new TextDecoder().decode(item.body)}` : item.kind;
}
