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
import type { CallName, Calls, CommitReply, PackedRows } from './protocol.ts';
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
    let after: readonly [number, number, number] | undefined;
    for (let isLast = false; !isLast;) {
      const packed = await this.#ask('states', after);
      const rows = [...unpack(packed, 3)].map(([[kind = 0, id = 0, part = 0], data]) => ({ kind, id, part, data }));
      const last = rows.at(-1);
      if (last !== undefined) after = [last.kind, last.id, last.part];
      isLast = packed.isLast;
      yield rows;
    }
  }

  async *batchSizes(): AsyncGenerator<readonly BatchSize[]> {
    let after = -1;
    for (let isLast = false; !isLast;) {
      const packed = await this.#ask('sizes', after);
      const sizes = [...unpack(packed, 2)].map(([[position = 0, recordBytes = 0]]) => ({ position, recordBytes }));
      after = sizes.at(-1)?.position ?? after;
      isLast = packed.isLast;
      yield sizes;
    }
  }

  async *heads(replayFrom: number): AsyncGenerator<readonly BatchHead[]> {
    let from = replayFrom;
    for (let isLast = false; !isLast;) {
      const packed = await this.#ask('heads', from);
      const heads = [...unpack(packed, 1)].map(([[position = 0], head]) => ({ position, head }));
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
      return [...unpack(packed, 0)].map(([, bytes]) => bytes);
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
    for (const { data } of commit.rows) transfers.push(data.buffer);
    return this.#open().ask('commit', commit, transfers);
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

/** @param count numbers of each row. */
function* unpack(
  { numbers, lengths, bytes }: PackedRows,
  count: number,
): Generator<readonly [numbers: readonly number[], bytes: Uint8Array<ArrayBuffer>]> {
  let offset = 0;
  for (const [row, length] of lengths.entries()) {
    const end = offset + length;
    yield [Array.from(numbers.subarray(row * count, (row + 1) * count)), bytes.subarray(offset, end)];
    offset = end;
  }
}
