import { describe, expect, it } from '@jest/globals';
import { rowsOf } from './planted-bug.ts';
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

const FAILED = 'Error: expect(received).toBe(expected)';

describe('how a run of tests ended', () => {
  it('is red by an assertion, whatever else failed', () => {
    const failures = [
      ['failed', 'TypeError: x is not a function'],
      ['failed', FAILED],
    ] as const;
    expect(judge(result(failures))).toEqual({ end: 'red', told: 'test 1' });
  });

  it('is told by a test that has the row of the bug in its title, where one failed', () => {
    const named = (...names: string[]) => ({
      numPassedTests: 0,
      testResults: [
        {
          message: '',
          assertionResults: names.map((fullName) => ({ status: 'failed', fullName, failureMessages: [FAILED] })),
        },
      ],
    });
    const ids = rowsOf({ breaks: 'R1, 2.0.1: a receipt is given for what a crash still undoes' });
    expect(ids).toEqual(['R1', '2.0.1']);
    expect(rowsOf({ breaks: 'a receipt of R1' })).toEqual([]);
    const failures = ['pages of queues', 'store R10 2.0.11: a full one', 'store R1: a crash', 'R1: another'];
    expect(judge(named(...failures), ids).told).toBe('store R1: a crash');
    expect(judge(named(...failures), ['R2']).told).toBe('pages of queues');
    expect(judge(named(...failures)).told).toBe('pages of queues');
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
