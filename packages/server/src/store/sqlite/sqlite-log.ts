/** SqliteLog: the log of a store in a SQLite file, which a worker thread reads and writes. */
import type { Transferable } from 'node:worker_threads';
import {
  CommitError,
  type BatchHead,
  type BatchSize,
  type Commit,
  type CommitResult,
  type Compaction,
  type LogDevice,
  type OpenedLog,
  type StateRow,
  type StoredDeadLetter,
} from '../log/log-device.ts';
import type { Page, PageRequest, UsageRow } from '../store.ts';
import { StoreFault } from './fault.ts';
import { explainFault } from './explain-fault.ts';
import type { CallName, Calls, CommitReply } from './protocol.ts';
import { RowPacker, unpackRows } from './packed-rows.ts';
import { StartGuard } from './start-guard.ts';
import { WorkerLink } from './worker-link.ts';

export class SqliteLog implements LogDevice {
  readonly kind = 'sqlite';
  readonly #file: string;
  readonly #onMigrated: (copy: string) => void;
  #link: WorkerLink | undefined;
  #guard: StartGuard | undefined;
  #onBroken: (error: Error) => void = () => undefined;
  /** Commits that the worker has and that found no room. */
  readonly #refused = new Set<number>();

  /** @param onMigrated the file had an older format; a copy of it is kept there. */
  constructor(file: string, onMigrated: (copy: string) => void) {
    this.#file = file;
    this.#onMigrated = onMigrated;
  }

  async open(onBroken: (error: Error) => void): Promise<OpenedLog> {
    this.#onBroken = onBroken;
    const guard = StartGuard.enter(this.#file);
    const link = new WorkerLink(({ kind, message }) => onBroken(new StoreFault(kind, message)));
    this.#link = link;
    try {
      const opened = await link.ask('open', { file: this.#file });
      guard.hold();
      this.#guard = guard;
      if (opened.migratedFrom !== undefined) this.#onMigrated(opened.migratedFrom);
      return opened;
    } catch (error) {
      await link.kill();
      const holder = guard.holder();
      if (error instanceof StoreFault && error.kind !== 'failed') guard.leave();
      throw explainFault(error, { file: this.#file, holder });
    }
  }

  /** The state is built: this start did not fail. */
  onLoaded(): void {
    this.#guard?.leave();
  }

  async close(): Promise<void> {
    try {
      await this.#link?.close();
    } catch (error) {
      throw explainFault(error, { file: this.#file, holder: undefined });
    } finally {
      this.#guard?.free();
      this.#link = undefined;
    }
  }

  /** Ends as a crash would. */
  async crash(): Promise<void> {
    await this.#link?.kill();
    this.#guard?.free();
    this.#link = undefined;
  }

  async *states(): AsyncGenerator<readonly StateRow[]> {
    let asked = this.#ask('states', undefined);
    for (let isLast = false; !isLast;) {
      const packed = await asked;
      const { numbers } = packed;
      isLast = packed.isLast;
      // The worker reads on while the main thread works on what it has.
      if (!isLast) {
        const [kind = 0, id = 0, part = 0] = numbers.subarray(-3);
        asked = this.#ask('states', [kind, id, part]);
        asked.catch(() => undefined);
      }
      const rows: StateRow[] = [];
      unpackRows(packed, 3, (at, data) => {
        rows.push({ kind: numbers[at] ?? 0, id: numbers[at + 1] ?? 0, part: numbers[at + 2] ?? 0, data });
      });
      yield rows;
    }
  }

  async *batchSizes(): AsyncGenerator<readonly BatchSize[]> {
    let after = -1;
    for (let isLast = false; !isLast;) {
      const packed = await this.#ask('sizes', after);
      const { numbers } = packed;
      const sizes: BatchSize[] = [];
      unpackRows(packed, 2, (at) => sizes.push({ position: numbers[at] ?? 0, recordBytes: numbers[at + 1] ?? 0 }));
      after = sizes.at(-1)?.position ?? after;
      isLast = packed.isLast;
      yield sizes;
    }
  }

  async *heads(replayFrom: number): AsyncGenerator<readonly BatchHead[]> {
    let from = replayFrom;
    for (let isLast = false; !isLast;) {
      const packed = await this.#ask('heads', from);
      const heads: BatchHead[] = [];
      unpackRows(packed, 1, (at, head) => heads.push({ position: packed.numbers[at] ?? 0, head }));
      from = (heads.at(-1)?.position ?? from) + 1;
      isLast = packed.isLast;
      yield heads;
    }
  }

  async commit(commit: Commit): Promise<CommitResult> {
    const { number } = commit;
    const isAgain = this.#refused.delete(number);
    try {
      return await (isAgain ? this.#open().ask('retry', number) : this.#send(commit));
    } catch (error) {
      const isFull = error instanceof StoreFault && error.kind === 'full';
      if (isFull) this.#refused.add(number);
      throw new CommitError(isFull ? 'full' : 'failed', error instanceof Error ? error.message : String(error));
    }
  }

  async readRecords(
    places: readonly { readonly position: number; readonly bytes: number }[],
  ): Promise<readonly Uint8Array[]> {
    const numbers = new Float64Array(places.length * 2);
    for (const [index, { position, bytes }] of places.entries()) numbers.set([position, bytes], index * 2);
    try {
      const packed = await this.#ask('records', numbers, [numbers.buffer]);
      const records: Uint8Array[] = [];
      unpackRows(packed, 0, (_at, bytes) => records.push(bytes));
      return records;
    } catch (error) {
      // Nobody would hear of a reader that tries for ever.
      this.#onBroken(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  compact(compactions: readonly Compaction[]): Promise<boolean> {
    return this.#ask('compact', compactions);
  }

  freeDiskBytes(): Promise<number> {
    return this.#ask('freeDiskBytes', undefined);
  }

  deadLetters(request: PageRequest & { readonly queueId?: string }): Promise<Page<StoredDeadLetter>> {
    return this.#ask('deadLetters', request);
  }

  deadLetter(id: string): Promise<StoredDeadLetter | undefined> {
    return this.#ask('deadLetter', id);
  }

  purgeDeadLetters(ids: readonly string[] | undefined): Promise<number> {
    return this.#ask('purge', ids);
  }

  usage(
    request: PageRequest & { readonly agentId?: string; readonly from: number; readonly to: number },
  ): Promise<Page<UsageRow>> {
    return this.#ask('usage', request);
  }

  lastSeen(agentId: string): Promise<number | undefined> {
    return this.#ask('lastSeen', agentId);
  }

  async backup(destination: string): Promise<void> {
    try {
      await this.#open().ask('backup', destination);
    } catch (error) {
      throw explainFault(error, { file: destination, holder: undefined });
    }
  }

  #send(commit: Commit): Promise<CommitReply> {
    const transfers: Transferable[] = [];
    for (const { head, records } of commit.batches) transfers.push(head.buffer, records.buffer);
    const packer = new RowPacker();
    for (const { kind, id, part, data } of commit.rows) packer.add([kind, id, part], data);
    const rows = packer.pack(true);
    transfers.push(rows.numbers.buffer, rows.lengths.buffer, rows.bytes.buffer);
    return this.#open().ask('commit', { ...commit, rows }, transfers);
  }

  /** @throws ConfigError `E_DATA` for a file that is damaged where nobody looked before; StorageError. */
  async #ask<Name extends CallName>(
    name: Name,
    ask: Calls[Name]['ask'],
    transfers?: Transferable[],
  ): Promise<Calls[Name]['answer']> {
    try {
      return await this.#open().ask(name, ask, transfers);
    } catch (error) {
      throw explainFault(error, { file: this.#file, holder: undefined });
    }
  }

  #open(): WorkerLink {
    if (this.#link === undefined) throw new StoreFault('failed', 'the store is not open');
    return this.#link;
  }
}
