/**
 * One receive window: what the peer may still send, what is held here, and when to give credit back
 * (docs/protocols/streams.md §3).
 */
import { assert } from '../errors/index.ts';

/** Credit goes back when this part of the window was consumed: few credit packets, and the peer never runs dry. */
const RETURN_FRACTION = 0.5;

export class CreditWindow {
  readonly #windowBytes: number;
  #allowedBytes: number;
  #heldBytes = 0;
  #consumedBytes = 0;

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#allowedBytes = windowBytes;
  }

  /** Bytes received and not consumed. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** The peer sent `size` bytes. @returns false when it had no credit for them. */
  take(size: number): boolean {
    if (size > this.#allowedBytes) return false;
    this.#allowedBytes -= size;
    this.#heldBytes += size;
    return true;
  }

  /** `size` held bytes were consumed. @returns the credit to give now, 0 while it is too little to be worth a packet. */
  release(size: number): number {
    assert(size <= this.#heldBytes, 'no more is consumed than was received');
    this.#heldBytes -= size;
    this.#consumedBytes += size;
    if (this.#consumedBytes < this.#windowBytes * RETURN_FRACTION) return 0;
    const credit = this.#consumedBytes;
    this.#consumedBytes = 0;
    this.#allowedBytes += credit;
    return credit;
  }
}
