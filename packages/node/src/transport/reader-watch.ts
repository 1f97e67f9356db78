/**
 * ReaderWatch: from the moment on at which bytes wait in a socket, its peer has to read. One that reads slower than the
 * limit for a whole window is to be cut, after a last look: where this program itself was paused, what the peer read in
 * the meantime shows only once the socket has had its turn.
 */
import type { Socket } from 'node:net';

/** From the end of the window to the last look, as a part of the window. */
const LAST_LOOK = 0.1;

/** How slow is too slow. */
export interface ReaderLimits {
  /** A peer that reads slower than `slowReaderBytesPerSecond` for this long, while bytes wait for it, is cut at the last look. */
  readonly slowReaderWindowMs: number;
  readonly slowReaderBytesPerSecond: number;
}

export class ReaderWatch {
  readonly #socket: Socket;
  readonly #limits: ReaderLimits;
  #checkAt: number;
  #fromBytes: number;
  #isLastLook = false;

  /** @param now when bytes began to wait. */
  constructor(socket: Socket, limits: ReaderLimits, now: number) {
    this.#socket = socket;
    this.#limits = limits;
    this.#checkAt = now + limits.slowReaderWindowMs;
    this.#fromBytes = this.#sentBytes();
  }

  /** When `isTooSlow` has something to say. */
  get checkAt(): number {
    return this.#checkAt;
  }

  /** Whether the peer read too little, also at the last look; if it read enough, the next window begins. */
  isTooSlow(now: number): boolean {
    if (now < this.#checkAt) return false;
    const { slowReaderBytesPerSecond, slowReaderWindowMs } = this.#limits;
    const sent = this.#sentBytes() - this.#fromBytes;
    const isSlow = sent < (slowReaderBytesPerSecond * slowReaderWindowMs) / 1_000;
    if (isSlow && this.#isLastLook) return true;
    this.#isLastLook = isSlow;
    this.#checkAt = now + slowReaderWindowMs * (isSlow ? LAST_LOOK : 1);
    if (!isSlow) this.#fromBytes = this.#sentBytes();
    return false;
  }

  /** Bytes that left this program. */
  #sentBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }
}
