import { expect, test } from '@jest/globals';
import { version } from './index.ts';

test('the library tells its version', () => {
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
});
