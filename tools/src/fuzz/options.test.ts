import { describe, expect, it } from '@jest/globals';
import { parseFuzzOptions } from './options.ts';

describe('options of the fuzzer', () => {
  it('has a default for everything', () => {
    expect(parseFuzzOptions([])).toMatchObject({
      minutes: 1,
      seed: 1,
      mode: 'mutate',
      corpus: 'tools/fixtures/corpus',
    });
    expect(parseFuzzOptions(['--help'])).toBeUndefined();
  });

  it('takes a file to replay with its decoder', () => {
    const args = ['--replay', '--decoder', 'frames', '--file', 'x.bin'];
    expect(parseFuzzOptions(args)).toMatchObject({ mode: 'replay', decoder: 'frames', file: 'x.bin' });
  });

  it.each([
    [['--minute', '1'], 'did you mean --minutes?'],
    [['--minutes', 'x'], '--minutes expected'],
    [['--replay', '--list'], 'exclude each other'],
    [['--file', 'x.bin'], '--file needs'],
  ])('refuses %p', (args, message) => {
    expect(() => parseFuzzOptions(args)).toThrow(message);
  });
});
