/**
 * ReaderWatch: from the moment on at which bytes wait in a socket, its peer has to read. One that reads slower than the
 * limit for a whole window is to be cut.
 */
import type { Socket } from 'node:net';

/** How slow is too slow. */
export interface ReaderLimits {
  /** A peer that reads slower than `slowReaderBytesPerSecond` for this long, while bytes wait for it, is cut. */
  readonly slowReaderWindowMs: number;
  readonly slowReaderBytesPerSecond: number;
}

export class ReaderWatch {
  readonly #socket: Socket;
  readonly #limits: ReaderLimits;
  #since: number;
  #fromBytes: number;

  /** @param now when bytes began to wait. */
  constructor(socket: Socket, limits: ReaderLimits, now: number) {
    this.#socket = socket;
    this.#limits = limits;
    this.#since = now;
    this.#fromBytes = this.#sentBytes();
  }

  /** When `isTooSlow` has something to say. */
  get checkAt(): number {
    return this.#since + this.#limits.slowReaderWindowMs;
  }

  /** Whether the peer read too little in the window that ends now; if not, the next one begins. */
  isTooSlow(now: number): boolean {
    if (now < this.checkAt) return false;
    const { slowReaderBytesPerSecond, slowReaderWindowMs } = this.#limits;
    const sent = this.#sentBytes() - this.#fromBytes;
    if (sent < (slowReaderBytesPerSecond * slowReaderWindowMs) / 1_000) return true;
    this.#since = now;
    this.#fromBytes = this.#sentBytes();
    return false;
  }

  /** Bytes that left this program. */
  #sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }
}
