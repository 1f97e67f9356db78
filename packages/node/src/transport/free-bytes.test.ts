import { describe, expect, it } from '@jest/globals';
import { freeBytes } from './free-bytes.ts';

describe('freeBytes', () => {
  it('takes the memory of bytes that have a buffer of their own', () => {
    const bytes = Buffer.allocUnsafeSlow(65_536);
    expect(freeBytes(bytes)).toBe(true);
    expect(bytes).toHaveLength(0);
  });

  it.each([
    ['a part of a larger buffer', new Uint8Array(65_536).subarray(0, 65_535)],
    ['a part of the pool of Buffer', Buffer.from('a'.repeat(5_000)).subarray(1)],
    ['short ones', new Uint8Array(4_095)],
    ['shared memory', new Uint8Array(new SharedArrayBuffer(65_536))],
  ])('leaves %s alone', (_, bytes) => {
    const size = bytes.length;
    expect(freeBytes(bytes)).toBe(false);
    expect(bytes).toHaveLength(size);
  });
});
