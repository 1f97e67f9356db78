import { describe, expect, it } from '@jest/globals';
import { concat } from '../../bytes/index.ts';
import { ProtocolError } from '../../errors/index.ts';
import { SKIPPED_DEPTH_MAX, SKIPPED_ELEMENTS_MAX } from '../limits.ts';
import { skipValues } from './skip.ts';

const NIL = Uint8Array.of(0xc0);

/** As many nils, in a row. */
const nils = (count: number): Uint8Array => new Uint8Array(count).fill(0xc0);

/** Arrays in arrays: so many of one element, around a nil. */
const nested = (depth: number): Uint8Array => concat(new Uint8Array(depth).fill(0x91), NIL);

/** Where `count` values end, or the code of the ProtocolError. */
function outcome(bytes: Uint8Array, count: number): unknown {
  try {
    return skipValues(bytes, 0, bytes.length, count);
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

describe('D10: elements of a newer peer', () => {
  it('nest as deep as the limit and not deeper', () => {
    expect(outcome(nested(SKIPPED_DEPTH_MAX), 1)).toBe(SKIPPED_DEPTH_MAX + 1);
    expect(outcome(nested(SKIPPED_DEPTH_MAX + 1), 1)).toBe('E_TOO_LARGE');
  });

  it('that stand beside each other do not count as deeper', () => {
    const twice = concat(nested(SKIPPED_DEPTH_MAX), nested(SKIPPED_DEPTH_MAX));
    expect(outcome(twice, 2)).toBe(twice.length);
  });

  it('are as many as the limit and not more: in a row, in one array and in several', () => {
    expect(outcome(nils(SKIPPED_ELEMENTS_MAX), SKIPPED_ELEMENTS_MAX)).toBe(SKIPPED_ELEMENTS_MAX);
    expect(outcome(nils(SKIPPED_ELEMENTS_MAX + 1), SKIPPED_ELEMENTS_MAX + 1)).toBe('E_TOO_LARGE');
    const inOneArray = (count: number): Uint8Array => concat(Uint8Array.of(0xdc, 0, count), nils(count));
    expect(outcome(inOneArray(SKIPPED_ELEMENTS_MAX - 1), 1)).toBe(SKIPPED_ELEMENTS_MAX + 2);
    expect(outcome(inOneArray(SKIPPED_ELEMENTS_MAX), 1)).toBe('E_TOO_LARGE');
    const half = SKIPPED_ELEMENTS_MAX / 2;
    expect(outcome(concat(inOneArray(half - 1), inOneArray(half - 1)), 2)).toBe(SKIPPED_ELEMENTS_MAX + 4);
    expect(outcome(concat(inOneArray(half - 1), inOneArray(half)), 2)).toBe('E_TOO_LARGE');
  });

  it('of other types are refused, wherever they stand', () => {
    const tags = Array.from({ length: 0x100 }, (_, tag) => tag);
    const isType = (tag: number): boolean =>
      tag < 0x80 ||
      (tag >= 0x90 && tag < 0xc7 && tag !== 0xc1) ||
      (tag >= 0xcc && tag < 0xd4) ||
      (tag >= 0xd9 && tag < 0xde);
    for (const tag of tags) {
      // Enough zeros for the lengths and integers of every format, and nils for the elements and texts.
      const bytes = concat(Uint8Array.of(0x92, 0xc0, tag), new Uint8Array(40));
      const skipped = outcome(bytes, 1);
      expect([tag, typeof skipped === 'number']).toEqual([tag, isType(tag)]);
      if (!isType(tag)) expect([tag, skipped]).toEqual([tag, 'E_MALFORMED']);
    }
  });
});
