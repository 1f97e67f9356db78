import { totalmem } from 'node:os';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryLimitBytes } from './memory.ts';

describe('memoryLimitBytes', () => {
  afterEach(() => void jest.restoreAllMocks());

  it.each([
    ['no limit is known', 0, totalmem()],
    ['a group without a limit', 2 ** 63, totalmem()],
    ['a group with one', 256 * 2 ** 20, 256 * 2 ** 20],
  ])('%s', (_case, constrained, expected) => {
    jest.spyOn(process, 'constrainedMemory').mockReturnValue(constrained);
    expect(memoryLimitBytes()).toBe(expected);
  });
});
