/** OpenLog: an open log store: its parts, how it is, and how it ends. */
import { StorageError } from '@sealane/shared/errors';
import { DeliveryState } from '../state/delivery-state.ts';
import type { Queue } from '../state/queue.ts';
import type { StoreFigures, StoreHealth, StoreListener } from '../store.ts';
import { Checkpointer } from './checkpointer.ts';
import { Committer } from './committer.ts';
import { Compactor } from './compactor.ts';
import { DeadLetterOffice } from './dead-letter-office.ts';
import { EntrySettler } from './entry-settler.ts';
import { Leases } from './leases.ts';
import type { Commit, CommitResult, LogDevice, OpenedLog } from './log-device.ts';
import type { LogStoreOptions } from './log-store-options.ts';
import { Publisher } from './publisher.ts';
import { QueueReads } from './queue-reads.ts';
import { QueueRegistry } from './queue-registry.ts';
import { RecordCache } from './record-cache.ts';
import { RowTable } from './row-table.ts';
import { loadState, type Loaded } from './state-loader.ts';
import type { StoreCore } from './store-core.ts';
import { Sweeper } from './sweeper.ts';

/** Batches that one commit trims. */
const TRIM_BATCHES_MAX = 512;
/** Bytes of a checkpoint that one commit writes while the store closes. */
const CLOSING_SLICE_BYTES = 4_194_304;
/** How often a disk that is too full is looked at. */
const FLOOR_CHECK_MS = 1_000;

interface Loading {
  readonly opened: OpenedLog;
  readonly loaded: Loaded;
  readonly state: DeliveryState;
  readonly rows: RowTable;
}

export class OpenLog {
  readonly state: DeliveryState;
  readonly committer: Committer;
  readonly leases = new Leases();
  readonly publisher: Publisher;
  readonly settler: EntrySettler;
  readonly reads: QueueReads;
  readonly queues: QueueRegistry;
  readonly deadLetters: DeadLetterOffice;
  readonly #core: StoreCore;
  readonly #listener: StoreListener;
  readonly #options: Required<LogStoreOptions>;
  readonly #checkpointer: Checkpointer;
  readonly #sweeper: Sweeper;
  readonly #compactor: Compactor;
  #result: Omit<CommitResult, 'batches' | 'seconds'>;
  #isBelowFloor = false;
  #isClosing = false;
  #lastHealth = '';
  #operations = 0;

  /** @throws StorageError, ConfigError. */
  static async open(device: LogDevice, listener: StoreListener, options: Required<LogStoreOptions>): Promise<OpenLog> {
    let log: OpenLog | undefined;
    const opened = await device.open((error) => log?.committer.fail(error));
    try {
      const rows = new RowTable();
      const state = new DeliveryState({ idSecret: opened.idSecret, log: rows });
      const onRepaired = (what: string): void =>
        listener.onIncident({ code: 'E_STORAGE', message: `A copy of ${what} is damaged; the other copy was used` });
      const loaded = await loadState({ device, state, rows, opened, onRepaired });
      log = new OpenLog(device, listener, options, { opened, loaded, state, rows });
      device.onLoaded();
      return log;
    } catch (error) {
      await device.close();
      throw error;
    }
  }

  private constructor(
    device: LogDevice,
    listener: StoreListener,
    options: Required<LogStoreOptions>,
    { opened, loaded, state, rows }: Loading,
  ) {
    const { environment, limits } = options;
    this.#listener = listener;
    this.#options = options;
    this.#result = opened;
    this.state = state;
    this.#checkpointer = new Checkpointer(state, {
      dueBytes: options.checkpointBytes,
      sliceBytes: options.checkpointSliceBytes,
    });
    const cache = new RecordCache(options.cacheBytes);
    const owner = {
      checkpointSlice: (position: number) => this.#slice(position),
      onCommitted: (queues: readonly Queue[], result: CommitResult, commit: Commit) =>
        this.#onCommitted(queues, result, commit),
      onFull: () => this.#tellHealth(),
      onFailed: (error: Error) => this.#onFailed(error),
    };
    this.committer = new Committer({ device, environment, state, rows, owner, position: loaded.position });
    const report = (incident: Parameters<StoreListener['onIncident']>[0]): void => listener.onIncident(incident);
    const { committer, leases } = this;
    this.#core = { state, committer, rows, cache, leases, device, environment, limits, report };
    this.publisher = new Publisher(this.#core);
    this.settler = new EntrySettler(this.#core);
    this.reads = new QueueReads(this.#core, this.settler);
    this.queues = new QueueRegistry(this.#core, opened.lineage);
    this.deadLetters = new DeadLetterOffice(this.#core);
    const parts = { publisher: this.publisher, settler: this.settler, checkpointer: this.#checkpointer };
    this.#sweeper = new Sweeper(this.#core, parts);
    this.#compactor = new Compactor(this.#core, options.deadBytesMin);
    this.#sweeper.wake();
    this.#noteFree(opened.freeDiskBytes);
    this.#lastHealth = JSON.stringify(this.health);
  }

  get health(): StoreHealth {
    if (this.committer.failure !== undefined) return { status: 'failed', reasons: ['corrupt'], durability: 'durable' };
    const isShort = this.#isBelowFloor || this.committer.isFull;
    return { status: isShort ? 'degraded' : 'ready', reasons: isShort ? ['disk-floor'] : [], durability: 'durable' };
  }

  /** Why no events are taken now. */
  get refusalCode(): 'E_STORE_FULL' | 'E_STORE_UNAVAILABLE' | undefined {
    if (this.committer.failure !== undefined || this.#isClosing) return 'E_STORE_UNAVAILABLE';
    return this.#isBelowFloor || this.committer.isFull ? 'E_STORE_FULL' : undefined;
  }

  wakeSweeper(): void {
    this.#sweeper.wake();
  }

  figures(): StoreFigures {
    const { state, committer } = this;
    return {
      queues: state.queues.count,
      waiting: state.waiting,
      deadLetters: this.#result.deadLetters,
      bytes: this.#result.bytes,
      freeDiskBytes: this.#result.freeDiskBytes,
      commits: committer.commits,
      commitSeconds: committer.commitSeconds,
      commitHistogram: committer.commitHistogram,
      operations: this.#operations,
    };
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#sweeper.stop();
    this.#compactor.stop();
    try {
      // Where there is no room, what waits for it was not confirmed.
      if (await this.committer.allAnswered()) await this.#checkpointAll();
    } catch {
      // What could not be committed was not confirmed either.
    } finally {
      this.committer.stop(new StorageError('E_STORE_UNAVAILABLE', 'The store is closed'));
      await this.#core.device.close();
    }
  }

  abandon(): void {
    this.#sweeper.stop();
    this.#compactor.stop();
    this.committer.stop(new StorageError('E_STORE_UNAVAILABLE', 'The store is gone'));
  }

  async #checkpointAll(): Promise<void> {
    this.#checkpointer.begin(this.committer.batchPosition);
    while (this.#checkpointer.isRunning) if (!(await this.committer.answered())) return;
  }

  #slice(position: number): Pick<Commit, 'rows' | 'removals' | 'mark' | 'trimmed'> {
    const bytesMax = this.#isClosing ? CLOSING_SLICE_BYTES : undefined;
    return {
      ...this.#checkpointer.slice(position, bytesMax),
      trimmed: this.#core.rows.takeTrimmable(TRIM_BATCHES_MAX),
    };
  }

  #onCommitted(queues: readonly Queue[], result: CommitResult, { mark }: Commit): void {
    this.#operations += 1;
    this.#result = result;
    for (const batch of result.batches) this.#core.cache.add(batch);
    for (const { head, records } of result.batches) this.#checkpointer.noteBatch(head.length, records.length);
    if (mark !== undefined) {
      this.#core.rows.setReplayFrom(mark.replayFrom);
      this.#compactor.wake();
    }
    this.#noteFree(result.freeDiskBytes);
    this.#tellHealth();
    const queueIds = queues.filter(({ content }) => content?.isEmpty === false).map(({ queueId }) => queueId);
    if (queueIds.length > 0) this.#listener.onQueues(queueIds);
  }

  #onFailed(error: Error): void {
    this.#tellHealth();
    this.#listener.onIncident({ code: 'E_STORAGE', message: error.message });
  }

  #tellHealth(): void {
    const { health } = this;
    const text = JSON.stringify(health);
    if (text === this.#lastHealth) return;
    this.#lastHealth = text;
    this.#listener.onHealth(health);
  }

  #noteFree(freeDiskBytes: number | undefined): void {
    const isBelow = freeDiskBytes !== undefined && freeDiskBytes < this.#options.diskFloorBytes;
    const wasBelow = this.#isBelowFloor;
    this.#isBelowFloor = isBelow;
    if (isBelow && !wasBelow) this.#watchFloor();
  }

  #watchFloor(): void {
    this.#core.environment.schedule(FLOOR_CHECK_MS, () => {
      if (this.#isClosing || !this.#isBelowFloor) return;
      this.#core.device.freeDiskBytes().then(
        (free) => {
          this.#result = { ...this.#result, freeDiskBytes: free };
          this.#isBelowFloor = free !== undefined && free < this.#options.diskFloorBytes;
          this.#tellHealth();
          if (this.#isBelowFloor) this.#watchFloor();
        },
        () => this.#watchFloor(),
      );
    });
  }
}
