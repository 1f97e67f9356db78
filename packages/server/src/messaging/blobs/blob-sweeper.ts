/** BlobSweeper: drops blobs whose time is over, and files that no row knows. */
import { toBase64Url } from '@sealane/shared/bytes';
import type { BlobsOptions } from './blobs-options.ts';
import type { KeyedTurns } from '../keyed-turns.ts';

/** How often, and how many rows are looked at at once. */
const SWEEP_MS = 600_000;
const SWEEP_ROWS = 256;

export class BlobSweeper {
  readonly #options: BlobsOptions;
  readonly #turns: KeyedTurns;
  readonly #onDropped: (id: Uint8Array) => void;
  #timer: { cancel(): void } | undefined;
  #isStopped = false;

  constructor(options: BlobsOptions, turns: KeyedTurns, onDropped: (id: Uint8Array) => void) {
    this.#options = options;
    this.#turns = turns;
    this.#onDropped = onDropped;
  }

  /** Looks for what a crash left, and from then on for what is over. */
  start(): void {
    void this.#quietly(() => this.dropOrphans());
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async sweep(): Promise<void> {
    await this.#quietly(() => this.#dropExpired());
  }

  /** Drops a blob whose time is over, before the next sweep comes to it. @throws StorageError. */
  async dropIfOver(id: Uint8Array): Promise<void> {
    await this.#drop(id, this.#options.environment.wallClock());
  }

  /** Drops what an account has begun to upload and not ended. @throws StorageError. */
  async dropUploads(accountId: Uint8Array): Promise<void> {
    for (;;) {
      const rows = await this.#options.store.ask('uploadsOf', { accountId, limit: SWEEP_ROWS });
      if (rows.length === 0) return;
      for (const { id } of rows) await this.#drop(id, null);
    }
  }

  /** Files without a row: their upload was given up, or a crash came between file and row. */
  async dropOrphans(): Promise<void> {
    const { store, files } = this.#options;
    const { parts, wholes } = await files.list();
    for (const id of parts) {
      if (this.#isStopped) return;
      await this.#turns.run(toBase64Url(id), async () => {
        const row = await store.ask('findBlob', id);
        if (row === undefined || row.isWhole) await files.dropPart(id);
      });
    }
    for (const hash of wholes) {
      if (this.#isStopped) return;
      await this.#dropContent(hash);
    }
  }

  #schedule(): void {
    this.#timer = this.#options.environment.schedule(SWEEP_MS, () => {
      void this.sweep().finally(() => {
        if (!this.#isStopped) this.#schedule();
      });
    });
  }

  async #dropExpired(): Promise<void> {
    const { store, environment } = this.#options;
    const at = environment.wallClock();
    for (let isMore = true; isMore && !this.#isStopped;) {
      const rows = await store.ask('expiredBlobs', { at, limit: SWEEP_ROWS });
      for (const { id } of rows) await this.#drop(id, at);
      isMore = rows.length === SWEEP_ROWS;
    }
  }

  async #drop(id: Uint8Array, expiredAt: number | null): Promise<void> {
    const { store, files } = this.#options;
    const content = await this.#turns.run(toBase64Url(id), async () => {
      const unused = await store.ask('dropBlob', { id, expiredAt });
      this.#onDropped(id);
      if ((await store.ask('findBlob', id)) === undefined) await files.dropPart(id);
      return unused;
    });
    if (content !== undefined) await this.#dropContent(content);
  }

  async #dropContent(hash: Uint8Array): Promise<void> {
    const { store, files } = this.#options;
    await this.#turns.run(toBase64Url(hash), async () => {
      if (!(await store.ask('hasContent', hash))) await files.drop(hash);
    });
  }

  /** A disk or a store that fails is told to the operator by whoever owns it; the next sweep does the rest. */
  async #quietly(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch {
      return;
    }
  }
}
