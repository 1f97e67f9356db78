/**
 * StorageQuota: how much a directory may hold, finished and unfinished files together (fault F4). It counts what it
 * reserves and looks at the directory again from time to time, because its operator moves files too.
 */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProtocolError } from '@sealane/shared/errors';
import type { PartialDirectory } from './partial-directory.ts';
import type { Remains } from './partial-file.ts';

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
  /** Gives the room back but for what is there now. Twice is harmless. */
  settle(remains: Remains): void;
}

/** After this time, or when room seems to lack, the directory is looked at again. */
const SCAN_AGE_MS_MAX = 60_000;
/** Even then no more often than this. */
const SCAN_AGE_MS_MIN = 1_000;

export class StorageQuota {
  readonly #options: StorageQuotaOptions;
  /** Sizes by key of the transfers under way: what they may become. */
  readonly #reserved = new Map<string, number>();
  /** Sizes by key of the unfinished files that nobody works on. */
  #parts = new Map<string, number>();
  #finishedBytes = 0;
  #finishedFiles = 0;
  #scannedAtMs = Number.NEGATIVE_INFINITY;
  #scanning: Promise<void> | undefined;

  constructor(options: StorageQuotaOptions) {
    this.#options = options;
  }

  /**
   * Keeps room for a file, whatever part of it is there already.
   *
   * @param key of its unfinished file, on which nobody else works.
   * @throws ProtocolError `E_DISK_FULL` when there is no room.
   */
  async reserve(key: string, sizeBytes: number): Promise<Reservation> {
    const ownPart = this.#parts.get(key);
    this.#parts.delete(key);
    this.#reserved.set(key, sizeBytes);
    try {
      await this.#scan(SCAN_AGE_MS_MAX);
      if (!this.#hasRoom()) await this.#scan(SCAN_AGE_MS_MIN);
      if (!this.#hasRoom()) throw new ProtocolError('E_DISK_FULL', 'the receiver allows no more bytes or files');
    } catch (error) {
      this.#reserved.delete(key);
      if (ownPart !== undefined) this.#parts.set(key, ownPart);
      throw error;
    }
    return { settle: (remains) => this.#settle(key, remains) };
  }

  #settle(key: string, { place, bytes }: Remains): void {
    if (!this.#reserved.delete(key)) return;
    if (place === 'partial') this.#parts.set(key, bytes);
    if (place !== 'published') return;
    this.#finishedBytes += bytes;
    this.#finishedFiles += 1;
  }

  #hasRoom(): boolean {
    const { bytesMax, filesMax } = this.#options;
    const files = this.#finishedFiles + this.#parts.size + this.#reserved.size;
    return files <= filesMax && this.#finishedBytes + sum(this.#parts) + sum(this.#reserved) <= bytesMax;
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
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (!entry.isFile()) continue;
      bytes += (await lstat(join(directory, entry.name)).catch(() => undefined))?.size ?? 0;
      files += 1;
    }
    const parts = new Map<string, number>();
    for (const key of await partials.keys()) parts.set(key, await partials.heldBytes(key));
    for (const key of this.#reserved.keys()) parts.delete(key);
    this.#parts = parts;
    this.#finishedBytes = bytes;
    this.#finishedFiles = files;
    this.#scannedAtMs = now();
  }
}

function sum(sizes: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const size of sizes.values()) total += size;
  return total;
}
