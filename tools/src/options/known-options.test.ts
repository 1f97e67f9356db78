import { describe, expect, it } from '@jest/globals';
import { knownOptions, numberWithin } from './known-options.ts';

const OPTIONS = { seed: { type: 'string', default: '1' }, list: { type: 'boolean', default: false } } as const;

describe('options of tools', () => {
  it('are read as they are declared', () => {
    expect(knownOptions(['--seed', '7', '--list'], OPTIONS)).toMatchObject({ seed: '7', list: true });
    expect(knownOptions([], OPTIONS)).toMatchObject({ seed: '1', list: false });
  });

  it('a flag that is not there is answered with the one that was meant', () => {
    expect(() => knownOptions(['--sead=7'], OPTIONS)).toThrow('Unknown flag --sead: did you mean --seed?');
    expect(() => knownOptions(['--seed'], OPTIONS)).toThrow('argument missing');
    expect(() => knownOptions(['word'], OPTIONS)).toThrow('word');
  });

  it('numbers are within their bounds', () => {
    expect(numberWithin('seed', '7', { min: 1, max: 9 })).toBe(7);
    for (const text of ['', 'x', '0', '10', 'NaN']) {
      expect(() => numberWithin('seed', text, { min: 1, max: 9 })).toThrow('--seed expected a number from 1 to 9');
    }
  });
});
