import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat } from '../bytes/index.ts';
import { ReceiveQueue } from './receive-queue.ts';

describe('ReceiveQueue', () => {
  it('A6: gives back what came in, in order, whatever the sizes; counts every byte', () => {
    const sizes = fc.array(
      fc.tuple(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 3_000, max: 20_000 })), fc.boolean()),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(sizes, (moves) => {
        const queue = new ReceiveQueue();
        const [sent, got]: [Uint8Array[], Uint8Array[]] = [[], []];
        moves.forEach(([size, takes], index) => {
          const bytes = new Uint8Array(size).fill(index);
          sent.push(bytes);
          queue.add(bytes);
          const piece = takes ? queue.take() : undefined;
          if (piece !== undefined) got.push(piece.slice());
        });
        const rest = moves.length % 2;
        if (rest === 0) for (let piece = queue.take(); piece !== undefined; piece = queue.take()) got.push(piece);
        const gotBytes = concat(...got);
        expect(Buffer.compare(gotBytes, concat(...sent).subarray(0, gotBytes.length))).toBe(0);
        expect(gotBytes.length + queue.clear()).toBe(concat(...sent).length);
        expect(queue.take()).toBeUndefined();
      }),
    );
  });

  it('A6: a piece that was taken does not change when more comes', () => {
    const queue = new ReceiveQueue();
    for (const byte of [1, 2, 3]) queue.add(Uint8Array.of(byte));
    const taken = [queue.take()!, queue.take()!];
    const copies = taken.map((piece) => piece.slice());
    for (let count = 0; count < 20_000; count++) queue.add(Uint8Array.of(9));
    expect(taken).toEqual(copies);
  });

  it('A6: a window filled byte by byte out of large records costs little more than its bytes', () => {
    const queue = new ReceiveQueue();
    // Each byte is a view of a record of its own: kept, they would hold 262,144 × 1,024 bytes.
    for (let count = 0; count < 262_144; count++) queue.add(new Uint8Array(1_024).subarray(7, 8));
    let pieces = 0;
    let bytes = 0;
    let heldBytes = 0;
    for (let piece = queue.take(); piece !== undefined; piece = queue.take()) {
      pieces += 1;
      bytes += piece.length;
      heldBytes += piece.buffer.byteLength;
    }
    expect(bytes).toBe(262_144);
    expect(pieces).toBeLessThan(30);
    expect(heldBytes).toBeLessThan(300_000);
  });
});
