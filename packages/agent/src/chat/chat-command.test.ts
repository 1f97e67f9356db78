import { describe, expect, it } from '@jest/globals';
import { parseExpiry, parseTyped, showExpiry } from './chat-command.ts';
import { commonStart, complete, type CompletionSource } from './completion.ts';

describe('parseTyped', () => {
  it.each([
    ['  ', { kind: 'nothing' }],
    ['hello /open', { kind: 'text', text: 'hello /open' }],
    ['//open', { kind: 'text', text: '/open' }],
    ['/OPEN  bob ', { kind: 'command', name: 'open', rest: 'bob' }],
    ['/reply 3 two\nlines', { kind: 'command', name: 'reply', rest: '3 two\nlines' }],
    ['/repyl 3', { kind: 'unknown', word: 'repyl', meant: 'reply' }],
    ['/q', { kind: 'command', name: 'quit', rest: '' }],
    ['/re 3', { kind: 'unknown', word: 're', meant: undefined }],
    ['/', { kind: 'unknown', word: '', meant: undefined }],
  ])('%j', (input, typed) => {
    expect(parseTyped(input)).toEqual(typed);
  });
});

it.each([
  ['30s', 30, '30 s'],
  ['90m', 5_400, '90 m'],
  ['7D', 604_800, '1 w'],
  ['off', 0, undefined],
  ['0s', undefined, undefined],
  ['5', undefined, undefined],
  ['99999d', undefined, undefined],
])('parseExpiry %s', (text, seconds, shown) => {
  expect(parseExpiry(text)).toBe(seconds);
  if (seconds !== undefined && shown !== undefined) expect(showExpiry(seconds)).toBe(shown);
});

describe('complete', () => {
  const source: CompletionSource = {
    conversations: async () => ['alice', 'albert', 'bob'],
    members: async () => ['alice'],
    paths: async (begun) => [`${begun}x y`],
  };

  it.each([
    ['/re', 1, ['reply', 'react', 'retry', 'rejoin']],
    ['/open al', 6, ['alice', 'albert']],
    ['/verify a', 8, ['alice', 'accept']],
    ['/verify alice c', 14, ['confirm']],
    ['/save 3 my f', 8, ['my fx y']],
    ['/expire 1', 8, ['1h', '1d', '1w']],
    ['/reply 3 al', 11, []],
    ['hello @al', 6, ['@alice']],
    ['hello al', 8, []],
    ['/nothing al', 11, []],
  ])('%s', async (before, from, words) => {
    const completion = await complete(before, source);
    expect(completion.words).toEqual(words);
    if (words.length > 0) expect(completion.from).toBe(from);
  });

  it('has what all begin with', () => {
    expect(commonStart(['reply', 'react', 'retry'])).toBe('re');
    expect(commonStart(['👍🏽', '👍🏿'])).toBe('👍');
    expect(commonStart([])).toBe('');
  });
});
