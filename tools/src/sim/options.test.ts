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
    [['--seed', '0x10'], '--seed expected a whole number in decimal digits, got "0x10"'],
    [['--first-seed', '1e3'], '--first-seed expected a whole number in decimal digits'],
    [['--seed', '4294967296'], '--seed expected a whole number from 0 to 4294967295'],
    [['--seed', '1', '--seeds', '5'], '--seed and --seeds exclude each other'],
    [['--seed', '1', '--first-seed', '5'], '--seed and --first-seed exclude each other'],
    [['--hours', '1', '--seed', '1'], '--seed and --hours exclude each other'],
    [['--bug', 'none'], '--bug expected one of ack-before-store'],
  ])('refuses %p', (args, message) => {
    expect(() => parseSimOptions(args)).toThrow(message);
  });
});
