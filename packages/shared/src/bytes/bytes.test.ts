import { describe, expect, it } from '@jest/globals';
import { concat, equalBytes, wipe } from './bytes.ts';

describe('bytes', () => {
  it('concat joins copies in order', () => {
    const part = Uint8Array.of(1, 2);
    const joined = concat(part, new Uint8Array(), Uint8Array.of(3));
    part[0] = 9;
    expect([...joined]).toEqual([1, 2, 3]);
    expect(concat()).toHaveLength(0);
  });

  it('B12: equalBytes compares every byte and the length', () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(equalBytes(bytes, Uint8Array.of(1, 2, 3))).toBe(true);
    expect(equalBytes(new Uint8Array(), new Uint8Array())).toBe(true);
    for (let index = 0; index < bytes.length; index++) {
      expect(equalBytes(bytes, bytes.with(index, 0x80))).toBe(false);
    }
    expect(equalBytes(bytes, Uint8Array.of(1, 2))).toBe(false);
    expect(equalBytes(bytes, Uint8Array.of(1, 2, 3, 0))).toBe(false);
  });

  it('wipe zeroes all of its arguments in place', () => {
    const [left, right] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
    wipe(left, right);
    expect([...left, ...right]).toEqual([0, 0, 0]);
  });
});
