/**
 * One transfer on one stream: how it is watched, given up and reported, whichever side and direction. What is sent and
 * stored is send-content.ts and receive-content.ts.
 */
import type { ChannelStream } from '@sealane/shared/channel';
import { ProtocolError } from '@sealane/shared/errors';
import { codeForPeer, storageFault } from './file-faults.ts';

/** How far a transfer is. */
export interface TransferProgress {
  /** Bytes of the file that are through, those of earlier attempts included. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  /** Bytes that an earlier attempt brought. */
  readonly resumedFrom: number;
}

/** A finished transfer. */
export interface TransferOutcome {
  /** Size of the whole file. */
  readonly bytes: number;
  /** SHA-256 of the whole file, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Bytes that were there before. */
  readonly resumedFrom: number;
}

/** A finished transfer with the name of the file. */
export interface TransferResult extends TransferOutcome {
  readonly name: string;
}

/** What its user may say about a transfer. */
export interface TransferOptions {
  /** Called after each piece, synchronously; must be cheap. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
  /** Gives the transfer up when aborted; what arrived is kept for resuming. */
  readonly signal?: AbortSignal | undefined;
  /** Gives the transfer up when nothing moves for this long; without it only the connection's end does. */
  readonly idleTimeoutMs?: number | undefined;
}

/** What opens streams to the peer: a Channel, or an agent that first waits for its next connection. */
export interface FileChannel {
  openStream(name: string, metadata: Uint8Array): ChannelStream | Promise<ChannelStream>;
}

/** Watches one transfer: progress, idle time, and giving up. */
export class TransferWatch {
  readonly #stream: ChannelStream;
  readonly #options: TransferOptions;
  readonly #onAbort = (): void => this.#stream.reset('E_CANCELLED');
  readonly #timer: NodeJS.Timeout | undefined;
  #timedOut = false;
  #totalBytes = 0;
  #resumedFrom = 0;

  constructor(stream: ChannelStream, options: TransferOptions) {
    this.#stream = stream;
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.idleTimeoutMs !== undefined) this.#timer = setTimeout(this.#onIdle, options.idleTimeoutMs);
  }

  /** It is known how much there is to do. */
  begin(totalBytes: number, resumedFrom: number): void {
    this.#totalBytes = totalBytes;
    this.#resumedFrom = resumedFrom;
    this.step(resumedFrom);
  }

  /** So many bytes of the file are through. */
  step(doneBytes: number): void {
    this.proceed();
    this.#options.onProgress?.({ doneBytes, totalBytes: this.#totalBytes, resumedFrom: this.#resumedFrom });
  }

  /**
   * Something moved, though no byte travelled: long hashing calls it.
   *
   * @throws ProtocolError `E_CANCELLED` or `E_TIMEOUT` when the transfer was given up meanwhile.
   */
  proceed(): void {
    if (this.#options.signal?.aborted === true) throw new ProtocolError('E_CANCELLED');
    if (this.#timedOut) throw new ProtocolError('E_TIMEOUT', 'the transfer stood still for too long');
    this.#timer?.refresh();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }

  readonly #onIdle = (): void => {
    this.#timedOut = true;
    this.#stream.reset('E_TIMEOUT');
  };
}

/**
 * Runs one transfer: a failure resets the stream with its code, so that the other side knows.
 *
 * @throws whatever `work` threw, errors of the disk as StorageError.
 */
export async function watchedTransfer<Result>(
  stream: ChannelStream,
  options: TransferOptions,
  work: (watch: TransferWatch) => Promise<Result>,
): Promise<Result> {
  const watch = new TransferWatch(stream, options);
  try {
    watch.proceed();
    return await work(watch);
  } catch (error) {
    const fault = storageFault('The transfer failed', error);
    stream.reset(codeForPeer(fault));
    throw fault;
  } finally {
    watch.dispose();
  }
}
