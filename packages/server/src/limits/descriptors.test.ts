import { describe, expect, it } from '@jest/globals';
import { descriptorLimit, readLimit } from './descriptors.ts';

describe('limit of file descriptors', () => {
  it('rule 7: reads the soft limit', () => {
    const text =
      'Limit   Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n';
    expect(readLimit(text)).toBe(1_024);
    expect(readLimit(text.replace('1024', 'unlimited'))).toBe(Number.MAX_SAFE_INTEGER);
    expect(readLimit('')).toBeUndefined();
    expect(descriptorLimit()).toBeGreaterThan(16);
  });
});
