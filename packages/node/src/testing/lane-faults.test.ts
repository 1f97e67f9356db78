/** The faults of a stream, without a network: whatever the pieces in which it comes, the outcome is the same. */
import { describe, expect, it } from '@jest/globals';
import { ByteFaults } from './byte-faults.ts';
import { Dice } from '@sealane/shared/testing';
import type { LaneFaults } from './fault-spec.ts';
import { FrameFaults } from './frame-faults.ts';

/** Frames `[length: u32][body]` whose bodies say which they are. */
const FRAMES = [5, 1, 300, 64, 2].map((size, number) => {
  const frame = Buffer.alloc(4 + size, number + 1);
  frame.writeUInt32BE(size);
  return frame;
});
const STREAM = Buffer.concat(FRAMES);

function* pieces(size: number): Generator<Uint8Array> {
  for (let offset = 0; offset < STREAM.length; offset += size) yield STREAM.subarray(offset, offset + size);
}

const SIZES = [1, 3, 7, 64, STREAM.length];

function framesOut(faults: LaneFaults, size: number): { readonly out: Buffer; readonly frames: number } {
  const lane = new FrameFaults(faults);
  const out = [...pieces(size)].flatMap((piece) => lane.push(piece).map((each) => Buffer.from(each)));
  return { out: Buffer.concat(out), frames: lane.frames };
}

function bytesOut(
  faults: LaneFaults,
  size: number,
  seed = 1,
): { readonly out: Buffer; readonly end: string | undefined } {
  const lane = new ByteFaults(faults, new Dice(seed));
  const out = [...pieces(size)].flatMap((piece) => lane.push(piece).map((each) => Buffer.from(each)));
  return { out: Buffer.concat(out), end: lane.end };
}

const framesOf = (...numbers: readonly number[]): Buffer =>
  Buffer.concat(numbers.map((number) => FRAMES[number] ?? Buffer.alloc(0)));

describe.each(SIZES)('in pieces of %d bytes', (size) => {
  it.each([
    ['none', {}, framesOf(0, 1, 2, 3, 4)],
    ['dropFrame', { dropFrame: 2 }, framesOf(0, 1, 3, 4)],
    ['replayFrame', { replayFrame: 0 }, framesOf(0, 0, 1, 2, 3, 4)],
    ['swapFrame', { swapFrame: 2 }, framesOf(0, 1, 3, 2, 4)],
    ['swapFrame, the last', { swapFrame: 4 }, framesOf(0, 1, 2, 3)],
  ])('frames: %s', (_name, faults, expected) => {
    const { out, frames } = framesOut(faults, size);
    expect(out).toEqual(expected);
    expect(frames).toBe(FRAMES.length);
  });

  it('corruptByte: one bit of that byte', () => {
    const { out, end } = bytesOut({ corruptByte: 20 }, size);
    expect(end).toBeUndefined();
    const differing = [...out].map((byte, index) => byte ^ (STREAM[index] ?? 0));
    expect(differing.flatMap((bits, index) => (bits === 0 ? [] : [index]))).toEqual([20]);
    expect(Math.log2(differing[20] ?? 0) % 1).toBe(0);
  });

  it('duplicateByte: what follows comes twice', () => {
    // Of some seeds the part that comes twice ends within these few bytes.
    const seeds = [...Array(200).keys()];
    const seed = seeds.find((each) => bytesOut({ duplicateByte: 10 }, 1, each).out.length > STREAM.length) ?? 0;
    const { out } = bytesOut({ duplicateByte: 10 }, size, seed);
    const twice = out.length - STREAM.length;
    expect(twice).toBeGreaterThan(0);
    const end = 10 + twice;
    expect(out).toEqual(Buffer.concat([STREAM.subarray(0, end), STREAM.subarray(10, end), STREAM.subarray(end)]));
  });

  it.each(['reset', 'end', 'silence'] as const)('%sByte: nothing from there on', (kind) => {
    const { out, end } = bytesOut({ [`${kind}Byte`]: 11, corruptByte: 400 }, size);
    expect(out).toEqual(STREAM.subarray(0, 11));
    expect(end).toBe(kind);
  });
});

describe('told anew', () => {
  it('frames count from the next one that begins', () => {
    const lane = new FrameFaults({ dropFrame: 4 });
    const first = lane.push(STREAM.subarray(0, 12)).map((each) => Buffer.from(each));
    lane.renew({ dropFrame: 1 });
    const rest = lane.push(STREAM.subarray(12)).map((each) => Buffer.from(each));
    expect(Buffer.concat([...first, ...rest])).toEqual(framesOf(0, 1, 2, 4));
  });
});
