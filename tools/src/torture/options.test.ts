import { describe, expect, it } from '@jest/globals';
import { parseTortureOptions } from './options.ts';

const typeError = (message: RegExp): unknown =>
  expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) });

describe('torture options', () => {
  it('by default: five minutes of all groups', () => {
    expect(parseTortureOptions([])).toEqual({
      minutes: 5,
      rounds: undefined,
      faults: undefined,
      only: ['kill', 'network', 'proxy', 'disk', 'power', 'redis'],
      seed: 1,
      patienceSeconds: 120,
      server: undefined,
      agent: undefined,
      source: false,
      report: undefined,
      json: false,
    });
  });

  it('some groups, so many rounds', () => {
    expect(parseTortureOptions(['--only', 'redis, kill', '--rounds=3', '--faults=2', '--seed=9'])).toMatchObject({
      minutes: undefined,
      rounds: 3,
      faults: 2,
      only: ['kill', 'redis'],
      seed: 9,
    });
  });

  it.each([
    [['--only=kill,cut'], /^--only expected some of kill, network, .*, got "cut"$/],
    [['--minutes=x'], /^--minutes expected/],
    [['--minutes=0'], /^--minutes expected a number from 0.01/],
    [['--rounds=0'], /^--rounds expected/],
    [['--rounds=1', '--minutes=1'], /exclude each other$/],
    [['--source', '--server=x.js'], /^--source does not go/],
    [['--minuets=1'], /did you mean --minutes\?$/],
  ])('refuses %j', (args, message) => {
    expect(() => parseTortureOptions(args)).toThrow(typeError(message));
  });

  it('asks for help', () => {
    expect(parseTortureOptions(['--help'])).toBeUndefined();
  });
});
