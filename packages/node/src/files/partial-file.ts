/**
 * PartialFile: an unfinished file that is being received: appended in order, hashed on the way, kept for the next
 * attempt or published under its name in one step (docs/protocols/files.md §5). It is the caller's alone until closed.
 */
import type { Hash } from 'node:crypto';
import { fstatSync } from 'node:fs';
import { link, lstat, rename, rm, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { syncDirectory } from '../keys/index.ts';
import { CHUNK_BYTES, digestSoFar, hashPrefix, startHash } from './content-hash.ts';
import { systemCode } from './file-faults.ts';

interface PartialFileParts {
  readonly handle: FileHandle;
  readonly file: string;
  /** Bytes that are there. */
  readonly heldBytes: number;
  /** Lets others have it; `gone` when there is nothing left of it. */
  readonly release: (gone: boolean) => Promise<void>;
}

/** What is left of an unfinished file. */
export interface Remains {
  readonly place: 'partial' | 'published' | 'nowhere';
  readonly bytes: number;
}

export class PartialFile {
  readonly #parts: PartialFileParts;
  #hash: Hash = startHash();
  /** Bytes that went into the hash: on disk, on their way there, and in the buffer. */
  #length = 0;
  #writtenLength = 0;
  #filling: Buffer | undefined;
  #filledBytes = 0;
  /** The buffer that is being written, or was last. */
  #other: Buffer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown;
  #place: Remains['place'] = 'partial';
  #closed = false;

  constructor(parts: PartialFileParts) {
    this.#parts = parts;
  }

  /** Bytes that an earlier attempt left. */
  get heldBytes(): number {
    return this.#parts.heldBytes;
  }

  /** Bytes received so far, those of earlier attempts included. */
  get length(): number {
    return this.#length;
  }

  /** What is there of it now. */
  get remains(): Remains {
    return { place: this.#place, bytes: this.#place === 'nowhere' ? 0 : this.#writtenLength };
  }

  /** Hashes what an earlier attempt left, to go on from there. @returns the hash, 32 bytes. */
  async resume(proceed: () => void): Promise<Uint8Array> {
    const { handle, heldBytes } = this.#parts;
    this.#length = await hashPrefix(this.#hash, { handle, sizeBytes: heldBytes, proceed });
    this.#writtenLength = this.#length;
    return digestSoFar(this.#hash);
  }

  /** Forgets what is there and begins anew. */
  async restart(): Promise<void> {
    await this.#parts.handle.truncate(0);
    this.#hash = startHash();
    this.#length = 0;
    this.#writtenLength = 0;
  }

  /**
   * Takes the next bytes (copied). One chunk is filled while the one before is written: two buffers for the whole
   * transfer, so that it makes no garbage.
   *
   * @throws the error of the disk, of this or an earlier write.
   */
  async append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#length += bytes.length;
    this.#filling ??= Buffer.allocUnsafe(CHUNK_BYTES);
    for (let taken = 0; taken < bytes.length;) {
      const part = bytes.subarray(taken, taken + CHUNK_BYTES - this.#filledBytes);
      this.#filling.set(part, this.#filledBytes);
      this.#filledBytes += part.length;
      taken += part.length;
      if (this.#filledBytes === CHUNK_BYTES) await this.#swap();
    }
  }

  /** Starts to write what is filled, when the chunk before is written. */
  async #swap(): Promise<void> {
    await this.#writing;
    this.#rethrow();
    const [full, bytes] = [this.#filling, this.#filledBytes];
    if (full === undefined || bytes === 0) return;
    this.#filling = this.#other ?? Buffer.allocUnsafe(CHUNK_BYTES);
    this.#other = full;
    this.#filledBytes = 0;
    this.#writing = this.#write(full.subarray(0, bytes));
  }

  /** Everything received is on its way to the disk and hashed. @returns the hash of the whole, 32 bytes. */
  digest(): Uint8Array {
    return digestSoFar(this.#hash);
  }

  /**
   * Makes the file appear under `target`, whole and durable, or not at all: synced, then linked, then the directory
   * synced. Nothing that is there is replaced.
   *
   * @throws ProtocolError `E_FILE_EXISTS` when there is something; the error of the disk otherwise.
   */
  async publish(target: string, modifiedMs: number): Promise<void> {
    await this.#flush();
    const { handle, file } = this.#parts;
    await handle.utimes(new Date(), new Date(modifiedMs));
    await handle.sync();
    await moveWithoutReplacing(file, target);
    this.#place = 'published';
    syncDirectory(dirname(target));
  }

  /** What was received is worth nothing: it goes when the file is closed. */
  async discard(): Promise<void> {
    this.#filledBytes = 0;
    await this.#writing;
    await rm(this.#parts.file, { force: true });
    this.#place = 'nowhere';
  }

  /** Keeps what was received for the next attempt, unless it was published or discarded. Twice is harmless. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#place === 'partial') await this.#flush().catch(() => undefined);
    await this.#parts.handle.close();
    if (this.#place === 'partial' && this.#writtenLength === 0) {
      await rm(this.#parts.file, { force: true });
      this.#place = 'nowhere';
    }
    await this.#parts.release(this.#place !== 'partial');
  }

  async #flush(): Promise<void> {
    await this.#swap();
    await this.#writing;
    this.#rethrow();
  }

  /** Never rejects: the failure is kept for the next call. */
  async #write(bytes: Uint8Array): Promise<void> {
    try {
      this.#refuseRemoved();
      for (let done = 0; done < bytes.length;) {
        const { bytesWritten } = await this.#parts.handle.write(bytes, done, bytes.length - done, this.#writtenLength);
        done += bytesWritten;
        this.#writtenLength += bytesWritten;
      }
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Bytes of a file that has lost its name would be taken for nothing. @throws StorageError */
  #refuseRemoved(): void {
    const { handle, file } = this.#parts;
    if (fstatSync(handle.fd).nlink === 0)
      throw new StorageError('E_STORAGE', `The unfinished file ${file} was removed`);
  }

  #rethrow(): void {
    if (this.#failure !== undefined) throw this.#failure as Error;
  }
}

/** link(2) refuses to replace; where a file system has no links, renaming after a look is the best there is. */
async function moveWithoutReplacing(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'EEXIST') throw new ProtocolError('E_FILE_EXISTS', undefined, { cause: error });
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EMLINK' && code !== 'ENOSYS') throw error;
    if (await exists(to)) throw new ProtocolError('E_FILE_EXISTS', undefined, { cause: error });
    await rename(from, to);
    return;
  }
  await unlink(from);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}
