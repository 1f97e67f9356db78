/**
 * DiskBlobFiles: blobs in a folder, `parts/ID` while they grow, `wholes/HH/HASH` once they are whole. Folders are 0700, files
 * 0600; a whole is synced before it gets its name, and its folder after that.
 */
import { createHash } from 'node:crypto';
import { open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectories } from '@sealane/node/keys';
import { fromHex, toHex } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import { BLOB_ID_BYTES, HASH_BYTES } from '@sealane/shared/packets';
import type { BlobFiles } from './blob-files.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
/** What the folder of wholes is divided into: by the first byte of the hash. */
const WHOLES_FOLDER = /^[0-9a-f]{2}$/;
/** Bytes that are hashed at once. */
const HASH_BYTES_AT_ONCE = 1_048_576;

export class DiskBlobFiles implements BlobFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    await this.#attempt(() => {
      for (const name of ['parts', 'wholes']) makeDirectories(join(this.#folder, name), FOLDER_MODE);
      return Promise.resolve();
    });
  }

  async partBytes(id: Uint8Array): Promise<number> {
    return await this.#attempt(async () => (await unlessMissing(stat(this.#partOf(id))))?.size ?? 0);
  }

  async append(id: Uint8Array, position: number, bytes: Uint8Array): Promise<void> {
    await this.#attempt(async () => {
      // With `a+` the file is made where it is missing and kept where it is; it is written at its end.
      const file = await open(this.#partOf(id), 'a+', FILE_MODE);
      try {
        const { size } = await file.stat();
        if (size !== position) throw new StorageError('E_STORAGE', 'a part of a blob has another size than before');
        await writeOrUndo(file, position, bytes);
      } finally {
        await file.close();
      }
    });
  }

  async readPart(id: Uint8Array, position: number, length: number): Promise<Uint8Array> {
    return (await this.#read(this.#partOf(id), position, length)) ?? new Uint8Array();
  }

  async hashPart(id: Uint8Array): Promise<Uint8Array> {
    return await this.#attempt(async () => {
      const file = await open(this.#partOf(id), 'r');
      try {
        const hash = createHash('sha256');
        const stream = file.createReadStream({ highWaterMark: HASH_BYTES_AT_ONCE, autoClose: false });
        for await (const bytes of stream) hash.update(bytes as Uint8Array);
        return hash.digest();
      } finally {
        await file.close();
      }
    });
  }

  async dropPart(id: Uint8Array): Promise<void> {
    await this.#attempt(() => rm(this.#partOf(id), { force: true }));
  }

  async keep(id: Uint8Array, hash: Uint8Array): Promise<void> {
    await this.#attempt(async () => {
      const part = this.#partOf(id);
      await withFile(part, (file) => file.sync());
      const folder = join(this.#folder, 'wholes', toHex(hash).slice(0, 2));
      makeDirectories(folder, FOLDER_MODE);
      await rename(part, this.#wholeOf(hash));
      for (const each of [folder, join(this.#folder, 'wholes')]) await withFile(each, (file) => file.sync());
    });
  }

  async giveBack(id: Uint8Array, hash: Uint8Array): Promise<void> {
    await this.#attempt(() => rename(this.#wholeOf(hash), this.#partOf(id)));
  }

  async read(hash: Uint8Array, position: number, length: number): Promise<Uint8Array | undefined> {
    return await this.#read(this.#wholeOf(hash), position, length);
  }

  async drop(hash: Uint8Array): Promise<void> {
    await this.#attempt(() => rm(this.#wholeOf(hash), { force: true }));
  }

  async list(): ReturnType<BlobFiles['list']> {
    return await this.#attempt(async () => {
      const parts = await readdir(join(this.#folder, 'parts'));
      const wholes: string[] = [];
      const root = join(this.#folder, 'wholes');
      for (const entry of await readdir(root, { withFileTypes: true }))
        if (entry.isDirectory() && WHOLES_FOLDER.test(entry.name))
          wholes.push(...(await readdir(join(root, entry.name))));
      return { parts: named(parts, BLOB_ID_BYTES), wholes: named(wholes, HASH_BYTES) };
    });
  }

  async freeBytes(): Promise<number> {
    return await this.#attempt(async () => {
      const { bavail, bsize } = await statfs(this.#folder);
      return bavail * bsize;
    });
  }

  async #read(path: string, position: number, length: number): Promise<Uint8Array | undefined> {
    return await this.#attempt(async () => {
      const file = await unlessMissing(open(path, 'r'));
      if (file === undefined) return undefined;
      try {
        const { bytesRead, buffer } = await file.read(new Uint8Array(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      } finally {
        await file.close();
      }
    });
  }

  /** @throws StorageError in place of errors of the system. */
  async #attempt<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      const code = codeOf(error);
      const isFull = code === 'ENOSPC' || code === 'EDQUOT';
      throw new StorageError(isFull ? 'E_DISK_FULL' : 'E_STORAGE', `The blobs in ${this.#folder}: ${String(error)}`, {
        cause: error,
      });
    }
  }

  #partOf(id: Uint8Array): string {
    return join(this.#folder, 'parts', toHex(id));
  }

  #wholeOf(hash: Uint8Array): string {
    const name = toHex(hash);
    return join(this.#folder, 'wholes', name.slice(0, 2), name);
  }
}

/** Writes at the end. */
async function writeOrUndo(file: FileHandle, end: number, bytes: Uint8Array): Promise<void> {
  try {
    await file.writeFile(bytes);
  } catch (error) {
    await file.truncate(end).catch(() => undefined);
    throw error;
  }
}

async function withFile(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, 'r');
  try {
    await work(file);
  } finally {
    await file.close();
  }
}

async function unlessMissing<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Files that are named as blobs are; whatever else lies there is left alone. */
function named(names: readonly string[], bytesOfName: number): Uint8Array[] {
  return names
    .map(fromHex)
    .filter((bytes) => bytes !== undefined)
    .filter(({ length }) => length === bytesOfName);
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
