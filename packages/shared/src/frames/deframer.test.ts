import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { concat } from '../bytes/index.ts';
import { Deframer } from './deframer.ts';
import { encodeFrame } from './frame.ts';

function deframe(chunks: readonly Uint8Array[], bodyBytesMax = 300_000): string[] {
  const deframer = new Deframer(bodyBytesMax);
  const bodies: string[] = [];
  for (const [index, chunk] of chunks.entries()) {
    const reused = chunk.slice();
    deframer.push(reused);
    for (let frame = deframer.next(); frame !== undefined; frame = deframer.next()) {
      bodies.push(Buffer.from(frame.subarray(4)).toString('hex'));
    }
    reused.fill(0xee);
    // As for a connection that is not read for a while.
    if (index % 3 === 1) deframer.release();
  }
  return bodies;
}

const hex = (bodies: readonly Uint8Array[]): string[] => bodies.map((body) => Buffer.from(body).toString('hex'));

describe('Deframer', () => {
  it('A2 D2: decodes the same frames whole, byte by byte and cut at random', () => {
    const bodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 700 }), { maxLength: 20 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(900), { minLength: 1, maxLength: 40 }), (sent, cuts) => {
        const stream = concat(...sent.map(encodeFrame));
        expect(deframe([stream])).toEqual(hex(sent));
        expect(deframe([...stream].map((byte) => Uint8Array.of(byte)))).toEqual(hex(sent));
        const pieces: Uint8Array[] = [];
        for (let offset = 0, index = 0; offset < stream.length; index++) {
          const end = offset + cuts[index % cuts.length]! + 1;
          pieces.push(stream.subarray(offset, end));
          offset = end;
        }
        expect(deframe(pieces)).toEqual(hex(sent));
      }),
    );
  });

  it('A2: takes 1,000 frames from one write', () => {
    const bodies = Array.from({ length: 1_000 }, (_, index) => Uint8Array.of(index & 0xff, index >> 8));
    expect(deframe([concat(...bodies.map(encodeFrame))])).toEqual(hex(bodies));
  });

  it('A12: refuses an oversize length before any memory is taken for it, however it is split', () => {
    for (const chunks of [[Uint8Array.of(0xe0, 0, 0, 0)], [Uint8Array.of(0xe0), Uint8Array.of(0, 0, 0)]]) {
      expect(() => deframe(chunks, 4_096)).toThrow(expect.objectContaining({ code: 'E_TOO_LARGE' }));
    }
  });

  it('2.1.7: refuses an empty body', () => {
    const behindAFrame = Uint8Array.of(0, 0, 0, 1, 7, 0, 0, 0, 0);
    const inPieces = [behindAFrame.subarray(0, 6), behindAFrame.subarray(6)];
    for (const chunks of [[Uint8Array.of(0, 0, 0, 0)], [behindAFrame], inPieces])
      expect(() => deframe(chunks)).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }));
  });

  it('A12: takes memory as bytes arrive: a large announced frame with few bytes holds few bytes', () => {
    const deframer = new Deframer(262_172);
    deframer.push(Uint8Array.of(0, 4, 0, 0, 1, 2, 3));
    expect(deframer.next()).toBeUndefined();
    expect(deframer.pendingBytes).toBe(7);
  });

  it('A12: and costs little memory, of which there may be thousands', () => {
    const begun = concat(Uint8Array.of(0, 4, 0, 0), new Uint8Array(1_200));
    const before = process.memoryUsage().arrayBuffers;
    const deframers = Array.from({ length: 500 }, () => new Deframer(262_172));
    for (const deframer of deframers) {
      for (const chunk of [begun, Uint8Array.of(1), Uint8Array.of(2)]) {
        deframer.push(chunk);
        expect(deframer.next()).toBeUndefined();
      }
    }
    // At once it would be 130 MB.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    expect(deframers.every(({ pendingBytes }) => pendingBytes === 1_206)).toBe(true);
  });

  it('A12: what is left of a long frame does not stay with a short one that waits', () => {
    const deframer = new Deframer(20_000);
    const frames = [10_000, 100].map((size) => encodeFrame(new Uint8Array(size).fill(1)));
    const take = (chunk: Uint8Array): Uint8Array | undefined => {
      deframer.push(chunk);
      const frame = deframer.next();
      if (frame !== undefined) expect(deframer.next()).toBeUndefined();
      return frame;
    };
    expect(take(frames[0]!.subarray(0, 50))).toBeUndefined();
    expect(take(frames[0]!.subarray(50))).toHaveLength(10_004);
    expect(take(frames[1]!.subarray(0, 50))).toBeUndefined();
    deframer.release();
    const frame = take(frames[1]!.subarray(50));
    expect(frame).toEqual(frames[1]);
    expect(frame!.buffer.byteLength).toBeLessThan(1_100);
  });
});
