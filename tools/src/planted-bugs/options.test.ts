import { describe, expect, it } from '@jest/globals';
import { parsePlantedBugsOptions } from './options.ts';

describe('options of the planted bugs', () => {
  it('has a default for everything', () => {
    expect(parsePlantedBugsOptions([])).toEqual({
      bug: undefined,
      list: false,
      jobs: 2,
      ref: undefined,
      report: undefined,
    });
    expect(parsePlantedBugsOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [['--bugs', 'x'], 'did you mean --bug?'],
    [['--jobs', '0'], '--jobs expected'],
  ])('refuses %p', (args, message) => {
    expect(() => parsePlantedBugsOptions(args)).toThrow(message);
  });
});
