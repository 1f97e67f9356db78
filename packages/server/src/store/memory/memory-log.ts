/** MemoryLog: a `LogDevice` over a MemoryDisk. */
import { StorageError } from '@sealane/shared/errors';
import type { StoreEnvironment } from '../environment.ts';
import {
  CommitError,
  STATE_KIND,
  type BatchHead,
  type BatchSize,
  type Commit,
  type CommitResult,
  type LogDevice,
  type OpenedLog,
  type StateRow,
  type StoredDeadLetter,
} from '../log/log-device.ts';
import type { Page, PageRequest, UsageRow } from '../store.ts';
import type { MemoryDisk } from './memory-disk.ts';

/** The device of a memory store: commits to a MemoryDisk, each whole and after a while. It makes no backups. */
export class MemoryLog implements LogDevice {
  readonly kind = 'memory';
  readonly #disk: MemoryDisk;
  readonly #environment: StoreEnvironment;
  #isGone = false;
  #lastCommit = 0;

  constructor(disk: MemoryDisk, environment: StoreEnvironment) {
    this.#disk = disk;
    this.#environment = environment;
  }

  async open(): Promise<OpenedLog> {
    const disk = this.#disk;
    const { lineage, idSecret } = disk.format(this.#environment);
    return Promise.resolve({
      lineage,
      idSecret,
      mark: disk.mark,
      deadLetters: disk.deadLetters.size,
      bytes: disk.bytes,
      freeDiskBytes: disk.freeBytes,
    });
  }

  onLoaded(): void {
    this.#isGone = false;
  }

  async close(): Promise<void> {
    this.#isGone = true;
    return Promise.resolve();
  }

  /** As a crash: commits that are under way do not happen. */
  crash(): void {
    this.#isGone = true;
  }

  async *states(): AsyncGenerator<readonly StateRow[]> {
    // Queues come before their chunks.
    yield await Promise.resolve([...this.#disk.rows.values()].sort((a, b) => a.kind - b.kind));
  }

  async *batchSizes(): AsyncGenerator<readonly BatchSize[]> {
    const sizes = this.#disk.batches.map(({ position, records }) => ({ position, recordBytes: records.length }));
    yield await Promise.resolve(sizes);
  }

  async *heads(replayFrom: number): AsyncGenerator<readonly BatchHead[]> {
    yield await Promise.resolve(this.#disk.batches.filter(({ position }) => position >= replayFrom));
  }

  commit(commit: Commit): Promise<CommitResult> {
    const { commitDelayMs } = this.#disk;
    return new Promise((resolve, reject) => {
      const run = (): void => {
        if (this.#isGone) return;
        if (this.#disk.isFull || commit.number !== this.#lastCommit + 1)
          reject(new CommitError('full', 'the disk is full, or a commit before this one waits for room'));
        else resolve(this.#apply(commit));
      };
      if (commitDelayMs === 0) queueMicrotask(run);
      else this.#environment.schedule(commitDelayMs, run);
    });
  }

  async readRecords(
    places: readonly { readonly position: number; readonly bytes: number }[],
  ): Promise<readonly Uint8Array[]> {
    return Promise.resolve(places.map(({ position, bytes }) => this.#disk.recordAt(position, bytes)));
  }

  /** What is not held in a batch stays: memory is not short where this store is used. */
  async compact(): Promise<boolean> {
    return Promise.resolve(false);
  }

  async freeDiskBytes(): Promise<number | undefined> {
    return Promise.resolve(this.#disk.freeBytes);
  }

  async deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<StoredDeadLetter>> {
    const { after, limit, queueId } = request;
    const all = [...this.#disk.deadLetters.values()].filter(
      (each) => queueId === undefined || each.queueId === queueId,
    );
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const items = all.slice(from, from + limit);
    return Promise.resolve({ items, next: from + limit < all.length ? items.at(-1)?.id : undefined });
  }

  async deadLetter(id: string): Promise<StoredDeadLetter | undefined> {
    return Promise.resolve(this.#disk.deadLetters.get(id));
  }

  async purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    let count = 0;
    for (const id of ids ?? [...this.#disk.deadLetters.keys()]) if (this.#disk.deadLetters.delete(id)) count += 1;
    return Promise.resolve(count);
  }

  async usage(
    request: PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number },
  ): Promise<Page<UsageRow>> {
    const { after, limit, agentId, from, to } = request;
    const rows = [...this.#disk.usage.entries()]
      .filter(([, { hour }]) => hour >= from && hour < to)
      .filter(
        ([key, row]) => (agentId === undefined || row.agentId === agentId) && (after === undefined || key > after),
      )
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = rows.slice(0, limit);
    const next = rows.length > limit ? page.at(-1)?.[0] : undefined;
    return Promise.resolve({ items: page.map(([, row]) => row), next });
  }

  async lastSeen(agentId: string): Promise<number | undefined> {
    return Promise.resolve(this.#disk.lastSeen.get(agentId));
  }

  async backup(): Promise<void> {
    return Promise.reject(new StorageError('E_STORAGE', 'A store in memory cannot be backed up'));
  }

  #apply(commit: Commit): CommitResult {
    const disk = this.#disk;
    this.#lastCommit = commit.number;
    disk.batches.push(...commit.batches);
    for (const row of commit.rows) disk.rows.set(keyOf(row.kind, row.id, row.part), row);
    for (const { kind, id, part } of commit.removals) this.#remove(kind, id, part);
    if (commit.mark !== undefined) disk.mark = commit.mark;
    for (const { position, bytes, ...letter } of commit.deadLetters) {
      disk.deadLetters.set(letter.id, { ...letter, record: disk.recordAt(position, bytes) });
    }
    for (const id of commit.redriven) disk.deadLetters.delete(id);
    this.#applyAccounts(commit);
    for (const position of commit.trimmed) {
      const index = disk.indexOf(position);
      if (disk.batches[index]?.position === position) disk.batches.splice(index, 1);
    }
    const { batches } = commit;
    return {
      batches,
      bytes: disk.bytes,
      freeDiskBytes: disk.freeBytes,
      deadLetters: disk.deadLetters.size,
      seconds: 0,
    };
  }

  #applyAccounts({ usage, usageFrom, lastSeen, forgotten }: Commit): void {
    const disk = this.#disk;
    for (const row of usage) addUsage(disk.usage, row);
    for (const { agentId, at } of lastSeen) disk.lastSeen.set(agentId, at);
    for (const agentId of forgotten) disk.lastSeen.delete(agentId);
    for (const [key, row] of disk.usage) {
      if (forgotten.includes(row.agentId) || row.hour < usageFrom) disk.usage.delete(key);
    }
  }

  #remove(kind: number, id: number, part: number | undefined): void {
    if (part !== undefined || kind === STATE_KIND.queue) {
      this.#disk.rows.delete(keyOf(kind, id, part ?? 0));
      return;
    }
    for (const [key, row] of this.#disk.rows) if (row.kind === kind && row.id === id) this.#disk.rows.delete(key);
  }
}

function keyOf(kind: number, id: number, part: number): string {
  return `${kind}/${id}/${part}`;
}

function addUsage(usage: Map<string, UsageRow>, row: UsageRow): void {
  const key = `${String(row.hour).padStart(16, '0')}/${row.agentId}`;
  const old = usage.get(key);
  if (old === undefined) {
    usage.set(key, { ...row });
    return;
  }
  usage.set(key, {
    agentId: row.agentId,
    hour: row.hour,
    connections: old.connections + row.connections,
    onlineMs: old.onlineMs + row.onlineMs,
    eventsIn: old.eventsIn + row.eventsIn,
    eventsOut: old.eventsOut + row.eventsOut,
    bytesIn: old.bytesIn + row.bytesIn,
    bytesOut: old.bytesOut + row.bytesOut,
    errors: old.errors + row.errors,
  });
}
