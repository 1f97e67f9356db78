import { describe, expect, it } from '@jest/globals';
import { parseSimOptions } from './options.ts';

describe('options of the simulator', () => {
  it('has a default for everything', () => {
    expect(parseSimOptions([])).toEqual({
      ...{ firstSeed: 1, seeds: 100, hours: 0, showsTrace: false, bug: undefined, report: undefined },
    });
    expect(parseSimOptions(['--help'])).toBeUndefined();
  });

  it('one seed is one run with its trace', () => {
    expect(parseSimOptions(['--seed', '77'])).toMatchObject({ firstSeed: 77, seeds: 1, showsTrace: true });
    expect(parseSimOptions(['--first-seed', '5', '--seeds', '9'])).toMatchObject({ firstSeed: 5, seeds: 9 });
  });

  it.each([
    [['--sead', '1'], 'did you mean --seed?'],
    [['--seeds', '0'], '--seeds expected'],
    [['--seed', '1.5'], '--seed expected a whole number'],
    [['--bug', 'none'], '--bug expected one of ack-before-store'],
  ])('refuses %p', (args, message) => {
    expect(() => parseSimOptions(args)).toThrow(message);
  });
});
