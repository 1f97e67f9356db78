/** What the cases of the store suite share: a store with a clock of its own, and short ways to publish and read. */
import type { expect as jestExpect, it as jestIt } from '@jest/globals';
import { utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import type { ErrorCode } from '@sealane/shared/errors';
import type {
  Lease,
  NewEvent,
  ProducerRef,
  PublishResult,
  QueueEntry,
  QueueInfo,
  QueueItem,
  QueueLimits,
  QueueSpec,
  Store,
  StoreHealth,
  StoreListener,
} from '../store.ts';

/** The functions of jest that the suite needs. */
export interface TestFunctions {
  readonly it: typeof jestIt;
  readonly expect: typeof jestExpect;
}

export type Expect = TestFunctions['expect'];

/** A store under test, and the world around it. */
export interface StoreHarness {
  /** A store that is not open yet, over what the stores before it left. */
  create(): Store;
  /** Ends a store as a crash would: what it has not confirmed may be lost. */
  crash(store: Store): Promise<void>;
  /** Wall clock of the store, ms. */
  now(): number;
  /** Moves it on, and lets what is due then happen; undefined where time cannot be moved. */
  readonly advance: ((ms: number) => Promise<void>) | undefined;
  dispose(): Promise<void>;
}

export type StoreFactory = (options: { readonly limits: QueueLimits }) => Promise<StoreHarness>;

/** Limits with which the cases run, unless they say otherwise: large enough to play no part. */
export const WIDE_LIMITS: QueueLimits = { eventsMax: 100_000, bytesMax: 1_000_000_000, retentionMs: 30 * 86_400_000 };

/** A listener that remembers what it was told. */
export class Ears implements StoreListener {
  readonly queueIds: string[] = [];
  readonly health: StoreHealth[] = [];
  readonly incidents: { readonly code: ErrorCode; readonly message: string }[] = [];

  onQueues(queueIds: readonly string[]): void {
    this.queueIds.push(...queueIds);
  }

  onAgentLost(): void {}

  onHealth(health: StoreHealth): void {
    this.health.push(health);
  }

  onIncident(incident: { readonly code: ErrorCode; readonly message: string }): void {
    this.incidents.push(incident);
  }
}

/** One case at work: opens, closes and disposes of everything it made. */
export class Bench {
  readonly harness: StoreHarness;
  store: Store;
  ears = new Ears();
  readonly #leases = new Map<string, Lease>();

  private constructor(harness: StoreHarness) {
    this.harness = harness;
    this.store = harness.create();
  }

  static async open(factory: StoreFactory, limits: Partial<QueueLimits> = {}): Promise<Bench> {
    const bench = new Bench(await factory({ limits: { ...WIDE_LIMITS, ...limits } }));
    await bench.store.open(bench.ears);
    return bench;
  }

  /** A new store over what the old one left. */
  async restart(how: 'close' | 'crash'): Promise<void> {
    if (how === 'close') await this.store.close();
    else await this.harness.crash(this.store);
    this.#leases.clear();
    this.ears = new Ears();
    this.store = this.harness.create();
    await this.store.open(this.ears);
  }

  async end(): Promise<void> {
    await this.store.close();
    await this.harness.dispose();
  }

  /** The lease of an agent's instance `main`, claimed at first use. */
  async lease(agentId: string): Promise<Lease> {
    let lease = this.#leases.get(agentId);
    if (lease === undefined) this.#leases.set(agentId, (lease = await this.store.claimAgent(agentId, 'main')));
    return lease;
  }

  queue(spec: QueueSpec): Promise<QueueInfo> {
    return this.store.openQueue(spec);
  }

  direct(agentId: string): Promise<QueueInfo> {
    return this.store.openQueue({ kind: 'agent', agentId });
  }

  /** An event of now, without dedup, unless said otherwise. */
  event(to: string, body: string, more: Partial<NewEvent> = {}): NewEvent {
    return {
      id: `id-${body}`.slice(0, 128),
      from: 'server',
      to,
      contentType: null,
      body: utf8Encode(body),
      publishedAt: this.harness.now(),
      expiresAt: Number.MAX_SAFE_INTEGER,
      dueAt: 0,
      durability: 'durable',
      dedup: { kind: 'none' },
      ...more,
    };
  }

  /** An event of an outbox. */
  numbered(
    to: string,
    body: string,
    about: { producer: ProducerRef; number: number; settledNumber?: number },
  ): NewEvent {
    const { producer, number, settledNumber = 0 } = about;
    return this.event(to, body, {
      from: `agent:${producer.agentId}`,
      dedup: { kind: 'number', producer, number, settledNumber },
    });
  }

  async publish(...events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    return this.store.publish(events);
  }

  /** Publishes bodies to one address. */
  publishTo(to: string, ...bodies: readonly string[]): Promise<readonly PublishResult[]> {
    return this.store.publish(bodies.map((body) => this.event(to, body)));
  }

  async read(
    queue: QueueInfo,
    options: { after?: number; limit?: number; bytesMax?: number } = {},
  ): Promise<readonly QueueItem[]> {
    const { after = 0, limit = 1_000, bytesMax = 10_000_000 } = options;
    return this.store.read(queue.queueId, { after, limit, bytesMax }, await this.leaseOf(queue));
  }

  /** Moves time on and waits until what came of it is committed. */
  async advance(ms: number): Promise<void> {
    await this.harness.advance?.(ms);
    await this.store.agentRecord('nobody');
  }

  async leaseOf({ spec }: QueueInfo): Promise<Lease> {
    return this.lease(spec.kind === 'group' ? `member-of-${spec.group}` : spec.agentId);
  }
}

/** Sequences and bodies of entries, and ranges of skips: `1:hello`, `2-5 expired`. */
export function show(items: readonly QueueItem[]): readonly string[] {
  return items.map((item) =>
    item.kind === 'event' ? `${item.sequence}:${bodyOf(item)}` : `${item.from}-${item.to} ${item.reason}`,
  );
}

export function bodyOf({ body }: { readonly body: Uint8Array }): string | undefined {
  return utf8Decode(body);
}

/** The entries among items. */
export function entriesOf(items: readonly QueueItem[]): readonly QueueEntry[] {
  return items.filter((item) => item.kind === 'event');
}

/** The characters of a text, each a body. */
export function letters(text: string): readonly string[] {
  return Array.from(text);
}

export function sequencesOf(results: readonly PublishResult[]): readonly number[] {
  return results.map((result) => (result.status === 'refused' ? -1 : result.sequence));
}

/** The queue as the store tells it now. */
export async function infoOf(bench: Bench, queue: QueueInfo): Promise<QueueInfo> {
  return bench.store.openQueue(queue.spec);
}

/** Settles in the name of the agent whose queue it is. */
export async function settle(
  bench: Bench,
  queue: QueueInfo,
  ...settlements: Parameters<Store['settle']>[1]
): Promise<void> {
  await bench.store.settle(queue.queueId, settlements, await bench.leaseOf(queue));
}

/** Registers one case: a bench that is opened before it and disposed of after it. */
export type RegisterCase = (
  title: string,
  body: (bench: Bench) => Promise<void>,
  limits?: Partial<QueueLimits>,
) => void;
