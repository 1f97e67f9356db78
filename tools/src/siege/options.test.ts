import { describe, expect, it } from '@jest/globals';
import { parseSiegeOptions } from './options.ts';

const typeError = (message: RegExp): unknown =>
  expect.objectContaining({ name: 'TypeError', message: expect.stringMatching(message) });

describe('siege options', () => {
  it('by default: what docs/proof/memory.md shows', () => {
    expect(parseSiegeOptions([])).toEqual({
      memoryMiB: 256,
      durationSeconds: 30,
      agents: 20,
      slowHandshakes: 500,
      giantLengths: 500,
      slowReaders: 200,
      deafPeers: 200,
      flooders: 0,
      source: false,
      report: undefined,
      json: false,
    });
  });

  it.each([
    ['--memory=8', /^--memory expected/],
    ['--duration=', /^--duration expected/],
    ['--deaf-pears=1', /: did you mean --deaf-peers\?$/],
    ['--what', /^Unknown flag --what$/],
    ['more', /more/],
  ])('refuses %s', (argument, message) => {
    expect(() => parseSiegeOptions([argument])).toThrow(typeError(message));
  });

  it('asks for help', () => {
    expect(parseSiegeOptions(['--help'])).toBeUndefined();
  });
});
