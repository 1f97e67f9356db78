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
    expect(() => deframe([Uint8Array.of(0, 0, 0, 0)])).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }));
  });

  it('A12: takes memory as bytes arrive: a large announced frame with few bytes holds few bytes', () => {
    const deframer = new Deframer(262_172);
    deframer.push(Uint8Array.of(0, 4, 0, 0, 1, 2, 3));
    expect(deframer.next()).toBeUndefined();
    expect(deframer.pendingBytes).toBe(7);
  });
});
