/**
 * LogStore: the port `Store` over the parts behind it:
 *
 *   Publisher, EntrySettler, QueueReads → DeliveryState + Committer → LogDevice → Checkpointer, RowTable (trimming)
 */
import { StorageError } from '@sealane/shared/errors';
import { systemStoreEnvironment } from '../environment.ts';
import { DEFAULT_QUEUE_LIMITS, USAGE_RETENTION_MS } from '../limits.ts';
import type {
  AgentRecord,
  DeadLetter,
  Lease,
  NewEvent,
  Page,
  PageRequest,
  ProducerRef,
  PublishResult,
  QueueEntry,
  QueueInfo,
  QueueItem,
  QueueSpec,
  ReadRequest,
  Settlement,
  Store,
  StoreFigures,
  StoreHealth,
  StoreListener,
  UsageRow,
} from '../store.ts';
import { addUsage } from './commit-group.ts';
import type { LogDevice } from './log-device.ts';
import type { LogStoreOptions } from './log-store-options.ts';
import { OpenLog } from './open-log.ts';

/** A batch cache that holds what is delivered at once. */
const CACHE_BYTES = 67_108_864;
const DEAD_BYTES_MIN = 33_554_432;
const CHECKPOINT_BYTES = 67_108_864;
const CHECKPOINT_SLICE_BYTES = 131_072;
/** A relaxed event may be lost when it is younger than this. */
const RELAXED_MS = 1_000;
/** When a producer may come again while there is no room, or no store. */
const RETRY_MS = 1_000;
/** Usage and last seen ride along with other commits for this long. */
const RIDE_MS = 50;
const HOUR_MS = 3_600_000;

/**
 * The store of one process: the state in memory, everything that changes it in a log on a device. SQLite and memory are
 * its devices.
 */
export abstract class LogStore implements Store {
  readonly #device: LogDevice;
  readonly #options: Required<LogStoreOptions>;
  #log: OpenLog | undefined;
  #usageDropAt = 0;

  protected constructor(device: LogDevice, options: LogStoreOptions) {
    this.#device = device;
    this.#options = {
      environment: options.environment ?? systemStoreEnvironment,
      limits: options.limits ?? DEFAULT_QUEUE_LIMITS,
      diskFloorBytes: options.diskFloorBytes ?? 0,
      cacheBytes: options.cacheBytes ?? CACHE_BYTES,
      deadBytesMin: options.deadBytesMin ?? DEAD_BYTES_MIN,
      checkpointBytes: options.checkpointBytes ?? CHECKPOINT_BYTES,
      checkpointSliceBytes: options.checkpointSliceBytes ?? CHECKPOINT_SLICE_BYTES,
    };
  }

  get kind(): string {
    return this.#device.kind;
  }

  get health(): StoreHealth {
    return this.#log?.health ?? { status: 'unavailable', reasons: [], durability: 'durable' };
  }

  async open(listener: StoreListener): Promise<void> {
    this.#log = await OpenLog.open(this.#device, listener, this.#options);
  }

  async close(): Promise<void> {
    await this.#log?.close();
    this.#log = undefined;
  }

  /** Ends it as a crash would: nothing is committed any more, whoever waits learns nothing good. */
  protected abandon(): void {
    this.#log?.abandon();
    this.#log = undefined;
  }

  async publish(events: readonly NewEvent[]): Promise<readonly PublishResult[]> {
    const log = this.#log;
    const code = log === undefined ? 'E_STORE_UNAVAILABLE' : log.refusalCode;
    if (log === undefined || code !== undefined) return refuse(events, code ?? 'E_STORE_UNAVAILABLE');
    const { publisher, committer } = log;
    const results: PublishResult[] = [];
    let isDurable = false;
    let isStored = false;
    for (const event of events) {
      const result = publisher.publish(event);
      results.push(result);
      if (result.status === 'stored') isStored = true;
      if (result.status !== 'refused' && result.durability === 'durable') isDurable = true;
    }
    log.wakeSweeper();
    if (!isDurable) {
      if (isStored) committer.within(RELAXED_MS).catch(() => undefined);
      return results;
    }
    try {
      const isCommitted = isStored ? await committer.answered() : await committer.allAnswered();
      return isCommitted ? results : results.map((result) => refuseUnlessKnown(result, 'E_STORE_FULL'));
    } catch {
      return results.map((result) => refuseUnlessKnown(result, 'E_STORE_UNAVAILABLE'));
    }
  }

  async producerNumber(producer: ProducerRef): Promise<number> {
    const { state, committer } = this.#open();
    const number = state.producers.find(producer)?.number ?? 0;
    // What is not committed may yet be lost, and the agent must not forget it.
    if (number > 0) await committer.allAnswered();
    return number;
  }

  openQueue(spec: QueueSpec): Promise<QueueInfo> {
    return this.#open().queues.open(spec);
  }

  deleteQueue(spec: QueueSpec): Promise<boolean> {
    return this.#open().queues.delete(spec);
  }

  queuesOf(agentId: string): Promise<readonly QueueInfo[]> {
    return this.#open().queues.ofAgent(agentId);
  }

  groupQueues(request: PageRequest): Promise<Page<QueueInfo>> {
    return this.#open().queues.ofGroups(request);
  }

  async read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]> {
    return this.#open().reads.read(queueId, request, lease);
  }

  async readAgain(queueId: string, sequences: readonly number[], lease: Lease): Promise<readonly QueueEntry[]> {
    return this.#open().reads.readAgain(queueId, sequences, lease);
  }

  async settle(queueId: string, settlements: readonly Settlement[], lease: Lease): Promise<void> {
    await this.#open().settler.settle(queueId, settlements, lease);
  }

  beginDelivery(queueId: string, lease: Lease): void {
    this.#log?.queues.beginDelivery(queueId, lease);
  }

  release(queueId: string, deliveredTo: number, held: readonly number[], lease: Lease): void {
    this.#log?.queues.release(queueId, deliveredTo, held, lease);
  }

  async claimAgent(agentId: string, instance: string): Promise<Lease> {
    return Promise.resolve(this.#open().leases.claim(agentId, instance));
  }

  releaseAgent(agentId: string, instance: string, lease: Lease, at: number): void {
    const log = this.#log;
    if (log === undefined) return;
    log.leases.release(agentId, instance, lease);
    log.committer.side.lastSeen.set(agentId, at);
    log.committer.within(RIDE_MS).catch(() => undefined);
  }

  async agentRecord(agentId: string): Promise<AgentRecord> {
    const log = this.#open();
    await log.committer.allAnswered();
    const lastSeenAt = await this.#device.lastSeen(agentId);
    return { agentId, lastSeenAt, node: log.leases.nodeOf(agentId) };
  }

  forgetAgent(agentId: string): Promise<void> {
    return this.#open().queues.forgetAgent(agentId);
  }

  deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<DeadLetter>> {
    return this.#open().deadLetters.list(request);
  }

  deadLetter(deadLetterId: string): Promise<DeadLetter | undefined> {
    return this.#open().deadLetters.find(deadLetterId);
  }

  redrive(deadLetterId: string): Promise<boolean> {
    return this.#open().deadLetters.redrive(deadLetterId);
  }

  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    return this.#open().deadLetters.purge(ids);
  }

  addUsage(rows: readonly UsageRow[]): void {
    const committer = this.#log?.committer;
    if (committer === undefined || rows.length === 0) return;
    addUsage(committer.side, rows);
    this.#dropOldUsage(committer);
    committer.within(RIDE_MS).catch(() => undefined);
  }

  async usage(
    request: PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number },
  ): Promise<Page<UsageRow>> {
    await this.#open().committer.allAnswered();
    return this.#device.usage(request);
  }

  figures(): StoreFigures {
    return this.#open().figures();
  }

  async backup(destination: string): Promise<void> {
    await this.#open().committer.allAnswered();
    await this.#device.backup(destination);
  }

  /** Once an hour, together with what comes anyhow. */
  #dropOldUsage({ side }: OpenLog['committer']): void {
    const now = this.#options.environment.now();
    if (now < this.#usageDropAt) return;
    this.#usageDropAt = now + HOUR_MS;
    side.usageFrom = now - USAGE_RETENTION_MS;
  }

  #open(): OpenLog {
    if (this.#log === undefined) throw new StorageError('E_STORE_UNAVAILABLE', 'The store is not open');
    return this.#log;
  }
}

type RefusalCode = 'E_STORE_FULL' | 'E_STORE_UNAVAILABLE';

function refuse(events: readonly NewEvent[], code: RefusalCode): readonly PublishResult[] {
  return events.map(() => ({ status: 'refused', code, retryAfterMs: RETRY_MS }));
}

/** What is not known to be stored may be stored all the same; trying again answers it. */
function refuseUnlessKnown(result: PublishResult, code: RefusalCode): PublishResult {
  const isKnown = result.status === 'refused' || result.durability === 'relaxed';
  return isKnown ? result : { status: 'refused', code, retryAfterMs: RETRY_MS };
}
