import { describe, expect, it } from '@jest/globals';
import { setImmediate as round } from 'node:timers/promises';
import { ReadTurns } from './read-turns.ts';

const READ_BYTES = 65_536;

/** A peer that sends without end frames of so many reads, read once a round when it may be. */
class Sender {
  readonly #turns: ReadTurns;
  readonly #readsOfFrame: number;
  reads = 0;
  isPaused = false;
  #hasTurn = false;

  constructor(turns: ReadTurns, readsOfFrame = 1) {
    this.#turns = turns;
    this.#readsOfFrame = readsOfFrame;
  }

  read(): void {
    if (this.isPaused) return;
    this.reads += 1;
    if (this.reads % this.#readsOfFrame === 0) this.#hasTurn = false;
    if (this.#hasTurn) this.#turns.goOn(READ_BYTES);
    else this.isPaused = !this.#turns.take(this, READ_BYTES);
  }

  readOn(): void {
    this.isPaused = false;
    this.#hasTurn = true;
  }
}

describe('ReadTurns', () => {
  it('rule 4: of many busy connections a few are read in a round, all of them in turn; small ones always', async () => {
    const turns = new ReadTurns();
    const senders = Array.from({ length: 40 }, () => new Sender(turns));
    for (let count = 0; count < 200; count++) {
      const before = senders.reduce((sum, { reads }) => sum + reads, 0);
      for (const sender of senders) sender.read();
      const read = senders.reduce((sum, { reads }) => sum + reads, 0) - before;
      if (count > 0) expect(read).toBeLessThanOrEqual(8);
      expect(turns.take({ readOn: () => undefined }, 1_000)).toBe(true);
      await round();
    }
    const reads = senders.map((sender) => sender.reads);
    expect(Math.min(...reads)).toBeGreaterThan(10);
    expect(Math.max(...reads) - Math.min(...reads)).toBeLessThanOrEqual(Math.max(...reads) / 2);
  });

  it('rule 2: a turn lasts until a frame is whole, so that few frames are half there', async () => {
    const turns = new ReadTurns();
    const senders = Array.from({ length: 40 }, () => new Sender(turns, 4));
    for (let count = 0; count < 400; count++) {
      for (const sender of senders) sender.read();
      await round();
    }
    const halfThere = senders.filter(({ reads }) => reads % 4 > 1).length;
    expect(halfThere).toBeLessThan(12);
    expect(Math.min(...senders.map(({ reads }) => reads))).toBeGreaterThan(10);
    expect(turns.isCrowded).toBe(true);
  });

  it('few connections are never paused, and one that is over is forgotten', async () => {
    const turns = new ReadTurns();
    const few = [new Sender(turns), new Sender(turns)];
    for (let count = 0; count < 100; count++) {
      for (const sender of few) sender.read();
      expect(few.some(({ isPaused }) => isPaused)).toBe(false);
      await round();
    }
    const many = Array.from({ length: 20 }, () => new Sender(turns));
    for (const sender of many) sender.read();
    for (const sender of many) turns.leave(sender);
    expect([turns.isCrowded, many.some(({ isPaused }) => isPaused)]).toEqual([false, true]);
    const paused = many.filter(({ isPaused }) => isPaused).length;
    await round();
    await round();
    expect(many.filter(({ isPaused }) => isPaused)).toHaveLength(paused);
  });
});
