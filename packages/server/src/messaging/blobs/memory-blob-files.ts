/** MemoryBlobFiles: blobs of a server that keeps nothing. */
import { createHash } from 'node:crypto';
import { fromHex, toHex } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';
import type { BlobFiles } from './blob-files.ts';

export class MemoryBlobFiles implements BlobFiles {
  readonly #parts = new Map<string, Uint8Array[]>();
  readonly #wholes = new Map<string, Uint8Array>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.#bytesMax = options.bytesMax;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  partBytes(id: Uint8Array): Promise<number> {
    return Promise.resolve(sizeOf(this.#partsOf(id)));
  }

  append(id: Uint8Array, position: number, bytes: Uint8Array): Promise<void> {
    const parts = this.#partsOf(id);
    if (sizeOf(parts) !== position) return Promise.reject(new StorageError('E_STORAGE', 'a part has another size'));
    if (this.#bytes + bytes.length > this.#bytesMax) return Promise.reject(new StorageError('E_DISK_FULL'));
    this.#bytes += bytes.length;
    parts.push(bytes.slice());
    this.#parts.set(toHex(id), parts);
    return Promise.resolve();
  }

  readPart(id: Uint8Array, position: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(Buffer.concat(this.#partsOf(id)).subarray(position, position + length));
  }

  hashPart(id: Uint8Array): Promise<Uint8Array> {
    const hash = createHash('sha256');
    for (const bytes of this.#partsOf(id)) hash.update(bytes);
    return Promise.resolve(hash.digest());
  }

  dropPart(id: Uint8Array): Promise<void> {
    this.#bytes -= sizeOf(this.#partsOf(id));
    this.#parts.delete(toHex(id));
    return Promise.resolve();
  }

  async keep(id: Uint8Array, hash: Uint8Array): Promise<void> {
    const whole = Buffer.concat(this.#partsOf(id));
    await this.dropPart(id);
    await this.drop(hash);
    this.#bytes += whole.length;
    this.#wholes.set(toHex(hash), whole);
  }

  giveBack(id: Uint8Array, hash: Uint8Array): Promise<void> {
    const whole = this.#wholes.get(toHex(hash));
    this.#wholes.delete(toHex(hash));
    if (whole !== undefined) this.#parts.set(toHex(id), [whole]);
    return Promise.resolve();
  }

  read(hash: Uint8Array, position: number, length: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#wholes.get(toHex(hash))?.subarray(position, position + length));
  }

  drop(hash: Uint8Array): Promise<void> {
    const key = toHex(hash);
    this.#bytes -= this.#wholes.get(key)?.length ?? 0;
    this.#wholes.delete(key);
    return Promise.resolve();
  }

  list(): ReturnType<BlobFiles['list']> {
    const [parts, wholes] = [this.#parts, this.#wholes].map((files) => [...files.keys()].map(bytesOf));
    return Promise.resolve({ parts: parts ?? [], wholes: wholes ?? [] });
  }

  freeBytes(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  #partsOf(id: Uint8Array): Uint8Array[] {
    return this.#parts.get(toHex(id)) ?? [];
  }
}

function bytesOf(key: string): Uint8Array {
  return fromHex(key) ?? new Uint8Array();
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((bytes, { length }) => bytes + length, 0);
}
