/**
 * Blobs: sealed bytes that are too large for a packet, up and down in parts (docs/protocols/messaging.md §9). Both ways go on
 * where an earlier attempt ended.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ProtocolError } from '@sealane/shared/errors';
import { BLOB_PART_BYTES_MAX } from '@sealane/shared/packets';
import type { Crypto } from '@sealane/shared/crypto';
import { callFailure } from './call-failure.ts';
import type { CallServer } from './messaging-connection.ts';

/** Something to be uploaded: read from `position` on, as often as needed. */
export interface BlobSource {
  readonly blob: Uint8Array;
  readonly sizeBytes: number;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
  /** Bytes from there on, at most a part. */
  read(position: number): Promise<Uint8Array>;
}

/** How a file goes up or down: progress in bytes, and a signal that ends it. */
export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
  /** How long the server keeps it; 0 for as long as it keeps blobs. */
  readonly ttlMs?: number;
}

/** Attempts after a position that the server corrected. */
const CORRECTIONS_MAX = 16;
const CORRECTION_PAUSE_MS = 20;

export class Blobs {
  readonly #call: CallServer;
  readonly #crypto: Crypto;

  constructor(call: CallServer, crypto: Crypto) {
    this.#call = call;
    this.#crypto = crypto;
  }

  /** Uploads bytes that are in memory. */
  async put(blob: Uint8Array, bytes: Uint8Array): Promise<void> {
    const read = (position: number): Promise<Uint8Array> =>
      Promise.resolve(bytes.subarray(position, position + BLOB_PART_BYTES_MAX));
    await this.upload({ blob, sizeBytes: bytes.length, hash: this.#crypto.sha256(bytes), read });
  }

  /** Uploads from where the server is; what is there already is not sent again. */
  async upload(source: BlobSource, options: TransferOptions = {}): Promise<void> {
    const { blob, sizeBytes: size, hash } = source;
    const { signal, onProgress, ttlMs = 0 } = options;
    let { position } = await this.#call(0x52, { blob, size, hash, ttlMs }, { signal });
    onProgress?.(position, size);
    for (let corrections = 0; position < size;) {
      signal?.throwIfAborted();
      const bytes = await source.read(position);
      if (bytes.length === 0) throw new ProtocolError('E_DATA', 'the file became shorter while it was sent');
      try {
        ({ position } = await this.#call(0x53, { blob, position, bytes }, { signal }));
      } catch (error) {
        // A repetition after a lost answer: the part is there.
        if (callFailure(error)?.code !== 'E_BLOB_OFFSET' || ++corrections > CORRECTIONS_MAX) throw error;
        await sleep(CORRECTION_PAUSE_MS);
        ({ position } = await this.#call(0x52, { blob, size, hash, ttlMs }, { signal }));
      }
      onProgress?.(position, size);
    }
  }

  /** The whole of a small blob. @throws ProtocolError `E_BLOB_NOT_FOUND`, `E_TOO_LARGE`. */
  async get(blob: Uint8Array, bytesMax: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let done = 0;
    for await (const { bytes, size } of this.read(blob, 0)) {
      if (size > bytesMax) throw new ProtocolError('E_TOO_LARGE', `a blob of ${size} bytes was not expected`);
      parts.push(bytes);
      done += bytes.length;
    }
    const whole = new Uint8Array(done);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Parts from `position` to the end. */
  async *read(
    blob: Uint8Array,
    position: number,
    signal?: AbortSignal,
  ): AsyncGenerator<{ readonly bytes: Uint8Array; readonly size: number }> {
    for (let at = position; ;) {
      signal?.throwIfAborted();
      const { bytes, size } = await this.#call(0x54, { blob, position: at, length: BLOB_PART_BYTES_MAX }, { signal });
      if (bytes.length === 0 && at < size) throw new ProtocolError('E_BLOB_NOT_FOUND', 'the blob is not complete');
      at += bytes.length;
      yield { bytes: bytes.slice(), size };
      if (at >= size) return;
    }
  }
}
