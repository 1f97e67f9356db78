/**
 * StorageQuota: how much a directory may hold, finished and unfinished files together (fault F4). It counts what it
 * reserves and looks at the directory again from time to time, because its operator moves files too.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProtocolError } from '@sealane/shared/errors';
import type { PartialDirectory } from './partial-directory.ts';

interface StorageQuotaOptions {
  readonly directory: string;
  readonly partials: PartialDirectory;
  readonly bytesMax: number;
  readonly filesMax: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Room kept for one transfer. */
export interface Reservation {
  /** Gives the room back but for what is there now; undefined for no file at all. Twice is harmless. */
  settle(keptBytes: number | undefined): void;
}

/** After this time, or when room seems to lack, the directory is looked at again. */
const SCAN_AGE_MS_MAX = 60_000;
/** Even then no more often than this. */
const SCAN_AGE_MS_MIN = 1_000;

export class StorageQuota {
  readonly #options: StorageQuotaOptions;
  /** Sizes by partial key of the transfers under way: what they may become. */
  readonly #reserved = new Map<string, number>();
  #reservedBytes = 0;
  #usedBytes = 0;
  #usedFiles = 0;
  #scannedAtMs = Number.NEGATIVE_INFINITY;
  #scanning: Promise<void> | undefined;

  constructor(options: StorageQuotaOptions) {
    this.#options = options;
  }

  /**
   * Keeps room for a file.
   *
   * @param key of its partial, of which `heldBytes` are there already.
   * @throws ProtocolError `E_DISK_FULL` when there is no room.
   */
  async reserve(key: string, sizes: { readonly sizeBytes: number; readonly heldBytes: number }): Promise<Reservation> {
    await this.#scan(SCAN_AGE_MS_MAX);
    if (!this.#hasRoom(sizes)) await this.#scan(SCAN_AGE_MS_MIN);
    if (!this.#hasRoom(sizes)) throw new ProtocolError('E_DISK_FULL', 'the receiver allows no more bytes or files');
    this.#reserved.set(key, sizes.sizeBytes);
    this.#reservedBytes += sizes.sizeBytes;
    this.#usedBytes -= sizes.heldBytes;
    if (sizes.heldBytes > 0) this.#usedFiles -= 1;
    return { settle: (keptBytes) => this.#settle(key, keptBytes) };
  }

  #settle(key: string, keptBytes: number | undefined): void {
    const reserved = this.#reserved.get(key);
    if (reserved === undefined) return;
    this.#reserved.delete(key);
    this.#reservedBytes -= reserved;
    if (keptBytes === undefined) return;
    this.#usedBytes += keptBytes;
    this.#usedFiles += 1;
  }

  #hasRoom({ sizeBytes, heldBytes }: { readonly sizeBytes: number; readonly heldBytes: number }): boolean {
    const { bytesMax, filesMax } = this.#options;
    const bytes = this.#usedBytes - heldBytes + this.#reservedBytes + sizeBytes;
    return bytes <= bytesMax && this.#usedFiles + this.#reserved.size < filesMax + (heldBytes > 0 ? 1 : 0);
  }

  /** Looks at the directory unless that was done within `ageMs`; askers at the same time share one look. */
  async #scan(ageMs: number): Promise<void> {
    if (this.#options.now() - this.#scannedAtMs < ageMs) return;
    this.#scanning ??= this.#look().finally(() => {
      this.#scanning = undefined;
    });
    await this.#scanning;
  }

  async #look(): Promise<void> {
    const { directory, partials, now } = this.#options;
    let [bytes, files] = [0, 0];
    const count = (size: number): void => {
      bytes += size;
      files += 1;
    };
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isFile()) count((await lstat(join(directory, entry.name)).catch(() => undefined))?.size ?? 0);
    }
    for (const key of await partials.keys()) {
      if (!this.#reserved.has(key)) count(await partials.heldBytes(key));
    }
    this.#usedBytes = bytes;
    this.#usedFiles = files;
    this.#scannedAtMs = now();
  }
}
