import { describe, expect, it } from '@jest/globals';
import { Backlog, type BackloggedConnection } from './backlog.ts';

const KIB = 1_024;

/** A connection that reports what waits in it. */
class Reader implements BackloggedConnection {
  readonly backlog: Backlog;
  isCut = false;

  constructor(backlog: Backlog) {
    this.backlog = backlog;
  }

  has(unsentBytes: number): this {
    this.backlog.note(this, unsentBytes);
    return this;
  }

  cutForMemory(): void {
    this.isCut = true;
    this.backlog.note(this, 0);
  }
}

describe('Backlog', () => {
  const limits = { bytesMax: 1_000 * KIB, connectionBytesMax: 400 * KIB };

  it('rule 4: a few slow readers get what one may have, many share what there is', () => {
    const backlog = new Backlog(limits);
    expect(backlog.connectionBytesMax).toBe(400 * KIB);
    const readers = Array.from({ length: 100 }, () => new Reader(backlog));
    for (let round = 0; round < 1_000; round++) {
      const reader = readers[round % 100]!;
      reader.has(Math.min(backlog.connectionBytesMax, 400 * KIB));
      expect(backlog.bytes).toBeLessThanOrEqual(limits.bytesMax + 16 * KIB);
    }
    expect(backlog.isShort).toBe(true);
    for (const reader of readers) reader.has(0);
    expect([backlog.bytes, backlog.isShort]).toEqual([0, false]);
  });

  it('rule 4: what is too much although each has little is taken from those who have waited longest', () => {
    const backlog = new Backlog(limits);
    const readers = Array.from({ length: 10 }, () => new Reader(backlog).has(90 * KIB));
    // The first one has read, and waits anew.
    readers[0]!.has(0).has(90 * KIB);
    const late = new Reader(backlog).has(190 * KIB);
    expect(readers.map(({ isCut }) => isCut)).toEqual([false, true, ...Array<boolean>(8).fill(false)]);
    expect([late.isCut, backlog.bytes]).toEqual([false, 1_000 * KIB]);
  });

  it('one that has more than there is goes itself', () => {
    const backlog = new Backlog(limits);
    expect(new Reader(backlog).has(2_000 * KIB).isCut).toBe(true);
    expect(backlog.bytes).toBe(0);
  });
});
