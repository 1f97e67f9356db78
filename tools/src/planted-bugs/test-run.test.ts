import { describe, expect, it } from '@jest/globals';
import { judge } from './test-run.ts';

const result = (tests: readonly (readonly [status: string, message: string])[], passed = 1, message = '') => ({
  numPassedTests: passed,
  testResults: [
    {
      message,
      assertionResults: tests.map(([status, failure], index) => ({
        status,
        fullName: `test ${index}`,
        failureMessages: status === 'failed' ? [failure] : [],
      })),
    },
  ],
});

describe('how a run of tests ended', () => {
  it('is red by an assertion, whatever else failed', () => {
    const failures = [
      ['failed', 'TypeError: x is not a function'],
      ['failed', 'Error: expect(received).toBe(expected)'],
    ] as const;
    expect(judge(result(failures))).toEqual({ end: 'red', told: 'test 1' });
  });

  it('is broken by a mistake that a compiler finds, and by sources that cannot be read', () => {
    expect(judge(result([['failed', 'ReferenceError: x is not defined\n at y']]))).toEqual({
      end: 'broken',
      told: 'ReferenceError: x is not defined',
    });
    const unrunnable = '  ● Test suite failed to run\n\n    SyntaxError: Unexpected token\n at z';
    expect(judge(result([], 0, unrunnable))).toEqual({ end: 'broken', told: 'SyntaxError: Unexpected token' });
  });

  it('is green, or nothing where every test was skipped', () => {
    expect(judge(result([['passed', '']])).end).toBe('green');
    expect(judge(result([['pending', '']], 0)).end).toBe('skipped');
  });
});
