import { expect, it } from '@jest/globals';
import { exitCodeOf } from './exit-code.ts';

it.each([
  [{ isOk: true, isWritten: true }, 0],
  [{ isOk: true, isWritten: true, interruption: { exitCode: undefined } }, 0],
  [{ isOk: true, isWritten: true, interruption: { exitCode: 143 } }, 143],
  [{ isOk: true, isWritten: false, interruption: { exitCode: 143 } }, 74],
  [{ isOk: false, isWritten: false, interruption: { exitCode: 143 } }, 1],
])('of %j: %d', (outcome, code) => {
  expect(exitCodeOf(outcome)).toBe(code);
});
