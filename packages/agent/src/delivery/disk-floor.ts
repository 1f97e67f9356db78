/** DiskFloor: whether the disk of a file has less free space than should be left for others. Looks now and then, never waits. */
import { statfs } from 'node:fs/promises';

/** Between two looks. */
const CHECK_MS = 1_000;

export class DiskFloor {
  readonly #file: string;
  readonly #freeBytesMin: number;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #isLow = false;

  constructor(file: string, freeBytesMin: number) {
    this.#file = file;
    this.#freeBytesMin = freeBytesMin;
    this.#checkSoon();
  }

  /** As seen about a second ago. */
  get isLow(): boolean {
    this.#checkSoon();
    return this.#isLow;
  }

  #checkSoon(): void {
    const now = performance.now();
    if (now - this.#checkedAt < CHECK_MS) return;
    this.#checkedAt = now;
    void statfs(this.#file).then(
      ({ bavail, bsize }) => (this.#isLow = bavail * bsize < this.#freeBytesMin),
      () => undefined,
    );
  }
}
