import { describe, expect, it } from '@jest/globals';
import { parseBenchOptions } from './options.ts';

describe('bench options', () => {
  it('all rows, five runs and a record by default', () => {
    expect(parseBenchOptions([])).toMatchObject({ runs: 5, quick: false, output: 'docs/benchmarks' });
  });

  it('a regression fails a run where a bound is asked for', () => {
    expect(parseBenchOptions([])?.failOnRegression).toBeUndefined();
    expect(parseBenchOptions(['--fail-on-regression', '12.5'])?.failOnRegression).toBe(12.5);
  });

  it('a quick look is not recorded unless asked for', () => {
    expect(parseBenchOptions(['--quick', '--rows', 'p1,P10'])).toMatchObject({
      rows: ['P1', 'P10'],
      output: undefined,
    });
    expect(parseBenchOptions(['--quick', '--output', 'somewhere'])?.output).toBe('somewhere');
  });

  it('help is not a run', () => {
    expect(parseBenchOptions(['--help'])).toBeUndefined();
  });

  it.each([['--rows=P12'], ['--runs=0'], ['--seconds=long'], ['--what'], ['--fail-on-regression=0']])(
    'refuses %s',
    (argument) => {
      // By name: errors of Node.js itself are of another realm than the test's.
      expect(() => parseBenchOptions([argument])).toThrow(expect.objectContaining({ name: 'TypeError' }));
    },
  );
});
