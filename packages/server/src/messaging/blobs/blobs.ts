/**
 * Blobs: sealed things that are too large for a message, uploaded in parts, read by whoever knows the id
 * (docs/protocols/messaging.md §9).
 *
 *   Open → row → Write at what is there → last byte: hash, sync, name → row says whole → Read
 *
 * A crash between two steps leaves a part that goes on, or a file that no row knows, which the next start removes.
 */
import { equalBytes, toBase64Url } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { CallError } from '../call-error.ts';
import type { ActingDevice } from '../devices.ts';
import type { BlobRow } from '../store/blob-tables.ts';
import { BlobSweeper } from './blob-sweeper.ts';
import type { BlobsOptions } from './blobs-options.ts';
import { KeyedTurns } from '../keyed-turns.ts';

/** A blob as its device opens it. */
export interface NewBlob {
  readonly id: Uint8Array;
  readonly size: number;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
  /** How long it is kept; 0 for as long as the server keeps blobs. */
  readonly ttlMs: number;
}

/** How much of a blob is there. */
export interface BlobState {
  readonly size: number;
  readonly position: number;
}

/** Rows of uploads that are remembered between their parts. */
const UPLOADS_MAX = 1_024;

export class Blobs {
  readonly #options: BlobsOptions;
  readonly #sweeper: BlobSweeper;
  readonly #turns = new KeyedTurns();
  readonly #uploads = new Map<string, BlobRow>();

  constructor(options: BlobsOptions) {
    this.#options = options;
    this.#sweeper = new BlobSweeper(options, this.#turns, (id) => this.#uploads.delete(toBase64Url(id)));
  }

  /** Opens the files. @throws StorageError. */
  async start(): Promise<void> {
    await this.#options.files.open();
    this.#sweeper.start();
  }

  stop(): void {
    this.#sweeper.stop();
  }

  /** Drops what is over. */
  async sweep(): Promise<void> {
    await this.#sweeper.sweep();
  }

  /** An account ended: so do its uploads. What is whole others may have been promised. @throws StorageError. */
  async dropUploads(accountId: Uint8Array): Promise<void> {
    await this.#sweeper.dropUploads(accountId);
  }

  /** Begins an upload or goes on with one. @throws CallError, StorageError. */
  async open({ accountId }: ActingDevice, { id, size, hash, ttlMs }: NewBlob): Promise<BlobState> {
    const { environment, limits } = this.#options;
    const { lifeMs, uploadMs } = limits;
    await this.#checkSpace(size);
    const expiresAt = environment.wallClock() + uploadMs;
    const life = ttlMs === 0 ? lifeMs : Math.min(ttlMs, lifeMs);
    const blob: BlobRow = { id, accountId, size, hash, ttlMs: life, expiresAt, isWhole: false };
    const opened = await this.#openRow(blob);
    if (opened !== undefined) return opened;
    await this.#sweeper.dropIfOver(id);
    const again = await this.#openRow(blob);
    if (again === undefined) throw new CallError('E_BLOB_NOT_FOUND');
    return again;
  }

  /** Appends to a blob; with the last byte it is whole. @throws CallError, StorageError. */
  async write(
    device: ActingDevice,
    part: { readonly id: Uint8Array; readonly position: number; readonly bytes: Uint8Array },
  ): Promise<BlobState> {
    return await this.#turns.run(toBase64Url(part.id), async () => {
      const row = await this.#ownRow(device, part.id);
      const { size } = row;
      if (part.position + part.bytes.length > size) throw new CallError('E_BAD_REQUEST');
      const stored = row.isWhole ? size : await this.#options.files.partBytes(part.id);
      if (part.position !== stored) {
        // The answer to it was lost, and it came again.
        if (await this.#isThere(row, part)) return { size, position: await this.#goOn(row) };
        throw new CallError('E_BLOB_OFFSET', { present: stored });
      }
      await this.#append(part);
      const position = stored + part.bytes.length;
      if (position === size) await this.#finish(row);
      return { size, position };
    });
  }

  /** A part of a whole blob, for whoever knows its id. @throws CallError, StorageError. */
  async read(id: Uint8Array, position: number, length: number): Promise<BlobState & { readonly bytes: Uint8Array }> {
    const { store, files, environment } = this.#options;
    const row = await store.ask('findBlob', id);
    if (row?.isWhole !== true || row.expiresAt <= environment.wallClock()) throw new CallError('E_BLOB_NOT_FOUND');
    const { size, hash } = row;
    if (position > size) throw new CallError('E_BLOB_OFFSET', { present: size });
    const bytes = await files.read(hash, position, Math.min(length, size - position));
    if (bytes === undefined) throw new CallError('E_BLOB_NOT_FOUND');
    return { size, position, bytes };
  }

  /** In its turn: a part that is written meanwhile may make it whole. @returns undefined where its time is over. */
  async #openRow(blob: BlobRow): Promise<BlobState | undefined> {
    const { store, environment, limits } = this.#options;
    const { accountBytesMax, accountBlobsMax, totalBytesMax, fullRetryMs } = limits;
    return await this.#turns.run(toBase64Url(blob.id), async () => {
      const opened = await store.ask('openBlob', { blob, accountBytesMax, accountBlobsMax, totalBytesMax });
      if (opened.status === 'account-full') throw new CallError('E_QUOTA');
      if (opened.status === 'store-full') throw new CallError('E_STORE_FULL', { retryAfterMs: fullRetryMs });
      const row = opened.blob;
      if (row.expiresAt <= environment.wallClock()) return undefined;
      if (!equalBytes(row.accountId, blob.accountId)) throw new CallError('E_FORBIDDEN');
      if (row.size !== blob.size || !equalBytes(row.hash, blob.hash)) throw new CallError('E_BAD_REQUEST');
      return { size: row.size, position: await this.#goOn(row) };
    });
  }

  async #ownRow({ accountId }: ActingDevice, id: Uint8Array): Promise<BlobRow> {
    const { store, environment } = this.#options;
    const row = this.#uploads.get(toBase64Url(id)) ?? (await store.ask('findBlob', id));
    const isOwn = row !== undefined && equalBytes(row.accountId, accountId);
    if (!isOwn || row.expiresAt <= environment.wallClock()) throw new CallError('E_BLOB_NOT_FOUND');
    return row;
  }

  async #isThere(
    { hash, isWhole }: BlobRow,
    { id, position, bytes }: { readonly id: Uint8Array; readonly position: number; readonly bytes: Uint8Array },
  ): Promise<boolean> {
    const { files } = this.#options;
    const there = isWhole
      ? await files.read(hash, position, bytes.length)
      : await files.readPart(id, position, bytes.length);
    return there !== undefined && equalBytes(there, bytes);
  }

  async #append(part: { readonly id: Uint8Array; readonly position: number; readonly bytes: Uint8Array }) {
    const { files, limits } = this.#options;
    // Others that were opened while there was room for each of them may have taken it.
    await this.#checkSpace(part.bytes.length);
    try {
      await files.append(part.id, part.position, part.bytes);
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'E_DISK_FULL') throw error;
      throw new CallError('E_STORE_FULL', { retryAfterMs: limits.fullRetryMs });
    }
  }

  /** What else is on this disk needs room, too. @throws CallError `E_STORE_FULL`. */
  async #checkSpace(bytes: number): Promise<void> {
    const { files, limits } = this.#options;
    const free = await files.freeBytes();
    if (free !== undefined && free < limits.freeBytesMin + bytes)
      throw new CallError('E_STORE_FULL', { retryAfterMs: limits.fullRetryMs });
  }

  /** How much of it is there. One whose last byte came before a crash, or onto a full disk, is made whole now. */
  async #goOn(row: BlobRow): Promise<number> {
    const { id, size, isWhole } = row;
    if (isWhole) return size;
    const position = await this.#options.files.partBytes(id);
    if (position === size) await this.#finish(row);
    else this.#remember(row);
    return position;
  }

  /** All bytes are there: are they the right ones? */
  async #finish({ id, hash }: BlobRow): Promise<void> {
    const { store, files, environment } = this.#options;
    this.#uploads.delete(toBase64Url(id));
    if (!equalBytes(await files.hashPart(id), hash)) {
      await store.ask('dropBlob', { id, expiredAt: null });
      await files.dropPart(id);
      throw new CallError('E_BLOB_HASH');
    }
    const isKept = await this.#turns.run(toBase64Url(hash), async () => {
      const isNew = !(await store.ask('hasContent', hash));
      await files.keep(id, hash);
      try {
        const isFinished = await store.ask('finishBlob', { id, at: environment.wallClock() });
        // Dropped while it was hashed.
        if (!isFinished && isNew) await files.drop(hash);
        return isFinished;
      } catch (error) {
        // It goes on where it was, once this can be written down; unless it was, and only the answer is lost.
        const row = await store.ask('findBlob', id).catch(() => undefined);
        if (isNew && row?.isWhole === false) await files.giveBack(id, hash);
        throw error;
      }
    });
    if (!isKept) throw new CallError('E_BLOB_NOT_FOUND');
  }

  #remember(row: BlobRow): void {
    const [oldest] = this.#uploads.keys();
    if (this.#uploads.size >= UPLOADS_MAX && oldest !== undefined) this.#uploads.delete(oldest);
    this.#uploads.set(toBase64Url(row.id), row);
  }
}
