/** A file as the sealed blob that it becomes: read from any position, the same bytes every time. */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { equalBytes } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { ProtocolError, StorageError } from '@sealane/shared/errors';
import { BLOB_PART_BYTES_MAX } from '@sealane/shared/packets';
import {
  AttachmentSealer,
  CHUNK_BYTES,
  SEALED_CHUNK_BYTES,
  sealedSizeOf,
  type AttachmentKey,
  type AttachmentPlace,
} from '@sealane/e2ee/attachments';

/** What a file is sealed with, and for which message. */
export interface SealedFile {
  readonly crypto: Crypto;
  readonly key: AttachmentKey;
  readonly place: AttachmentPlace;
}

export class SealedFileSource {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #crypto: Crypto;
  readonly #key: AttachmentKey;
  readonly #place: AttachmentPlace;
  readonly #version: BigIntStats;
  #sealer: AttachmentSealer | undefined;
  /** Position of the first byte in `#ready`. */
  #at = 0;
  #ready: Uint8Array = new Uint8Array(0);
  #fileAt = 0;

  private constructor(handle: FileHandle, version: BigIntStats, about: SealedFile) {
    this.#handle = handle;
    this.#version = version;
    this.#crypto = about.crypto;
    this.#key = about.key;
    this.#place = about.place;
    this.sizeBytes = sealedSizeOf(about.place.size);
  }

  /** @throws ProtocolError `E_FILE_NOT_FOUND`, `E_FILE_CHANGED` when it has another size than `place` says. */
  static async open(path: string, about: SealedFile): Promise<SealedFileSource> {
    const handle = await openToRead(path);
    const version = await handle.stat({ bigint: true });
    if (Number(version.size) === about.place.size) return new SealedFileSource(handle, version, about);
    await handle.close();
    throw new ProtocolError('E_FILE_CHANGED', 'the file has another size than when its sending began');
  }

  /** SHA-256 of the whole blob: reads all of the file. */
  async hash(signal?: AbortSignal): Promise<Uint8Array> {
    const hash = createHash('sha256');
    for (let position = 0; position < this.sizeBytes;) {
      signal?.throwIfAborted();
      const bytes = await this.read(position);
      hash.update(bytes);
      position += bytes.length;
    }
    return new Uint8Array(hash.digest());
  }

  /**
   * What was sealed before may be with the server already: sealed again under the same key, other bytes would tell it what
   * both were.
   *
   * @throws ProtocolError `E_FILE_CHANGED`.
   */
  async expectSame(hash: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (!equalBytes(await this.hash(signal), hash)) throw changed();
  }

  /** Sealed bytes from there on, at most one part of a blob. @throws ProtocolError `E_FILE_CHANGED`. */
  async read(position: number): Promise<Uint8Array> {
    if (!isSameVersion(await this.#handle.stat({ bigint: true }), this.#version)) throw changed();
    if (this.#sealer === undefined || position !== this.#at) this.#seek(position);
    while (this.#ready.length < Math.min(BLOB_PART_BYTES_MAX, this.sizeBytes - this.#at)) await this.#more();
    const part = this.#ready.slice(0, BLOB_PART_BYTES_MAX);
    this.#ready = this.#ready.subarray(part.length);
    this.#at += part.length;
    return part;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #seek(position: number): void {
    const fromChunk = Math.floor(position / SEALED_CHUNK_BYTES);
    this.#sealer = new AttachmentSealer(this.#crypto, this.#key, { ...this.#place, fromChunk });
    this.#fileAt = Math.min(fromChunk * CHUNK_BYTES, this.#place.size);
    this.#ready = new Uint8Array(0);
    this.#skip = position - fromChunk * SEALED_CHUNK_BYTES;
    this.#at = position;
  }

  /** Sealed bytes before the position that was asked for. */
  #skip = 0;

  async #more(): Promise<void> {
    const sealer = this.#sealer;
    if (sealer === undefined) return;
    const wanted = Math.min(CHUNK_BYTES, this.#place.size - this.#fileAt);
    let chunks: Uint8Array[];
    if (wanted === 0) {
      chunks = sealer.end();
    } else {
      const buffer = new Uint8Array(wanted);
      const { bytesRead } = await this.#handle.read(buffer, 0, wanted, this.#fileAt);
      if (bytesRead === 0) throw new ProtocolError('E_FILE_CHANGED', 'the file became shorter while it was sent');
      this.#fileAt += bytesRead;
      chunks = sealer.push(buffer.subarray(0, bytesRead));
    }
    for (const chunk of chunks) this.#append(chunk);
  }

  #append(chunk: Uint8Array): void {
    const fresh = chunk.subarray(Math.min(this.#skip, chunk.length));
    this.#skip -= chunk.length - fresh.length;
    const joined = new Uint8Array(this.#ready.length + fresh.length);
    joined.set(this.#ready);
    joined.set(fresh, this.#ready.length);
    this.#ready = joined;
  }
}

function isSameVersion(now: BigIntStats, then: BigIntStats): boolean {
  return now.mtimeNs === then.mtimeNs && now.size === then.size;
}

function changed(): ProtocolError {
  return new ProtocolError('E_FILE_CHANGED', 'the file changed while it was sent');
}

/** Size of a plain file. @throws ProtocolError `E_FILE_NOT_FOUND`. */
export async function fileSize(path: string): Promise<number> {
  const handle = await openToRead(path);
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new ProtocolError('E_FILE_NOT_FOUND', `${path} is not a plain file`);
    return stats.size;
  } finally {
    await handle.close();
  }
}

async function openToRead(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new ProtocolError('E_FILE_NOT_FOUND', `There is no file ${path}`, { cause: error });
    throw new StorageError('E_STORAGE', `Cannot read ${path}`, { cause: error });
  }
}
