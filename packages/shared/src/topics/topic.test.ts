import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.ts';
import { utf8Encode } from '../bytes/index.ts';
import { isGroupName, isTopic, isTopicPattern, topicMatches } from './topic.ts';

const TOPICS = [
  'a',
  'fleet.eu.temperature',
  'ä.ö.日本',
  'a-b_c:1/x@y+z.!?#$%',
  'x'.repeat(64),
  '日'.repeat(21),
  `${'a.'.repeat(15)}a`,
  `${`${'x'.repeat(63)}.`.repeat(3)}${'x'.repeat(64)}`,
];

/** What is neither a topic nor a pattern, with the rule that it breaks. */
const BAD: readonly (readonly [text: string, rule: string])[] = [
  ['', 'nothing at all'],
  ['.', 'only empty levels'],
  ['a.', 'an empty last level'],
  ['.a', 'an empty first level'],
  ['a..b', 'an empty level between'],
  ['a b', 'a space'],
  ['a\u00a0b', 'a no-break space'],
  ['a\tb', 'a tab'],
  ['a\n', 'a line break at the end'],
  ['a\u0000', 'NUL'],
  ['a\u007f', 'DEL'],
  ['a\u202eb', 'a right-to-left override'],
  ['a\u200bb', 'a zero-width space'],
  ['\ufeffa', 'a byte order mark'],
  ['\ud800', 'a lone surrogate'],
  ['\ue000', 'a private character'],
  ['x'.repeat(65), 'a level of 65 bytes'],
  ['日'.repeat(22), 'a level of 66 bytes in 22 characters'],
  [`${'a.'.repeat(16)}a`, '17 levels'],
  [`${`${'x'.repeat(63)}.`.repeat(4)}x`, '257 bytes'],
  ['a*', 'a star within a level'],
  ['*a', 'a star before a level'],
  ['**', 'two stars'],
  ['a.>.b', '> before the end'],
  ['a.>b', '> within a level'],
  ['a.>>', 'two >'],
  ['a>', '> after a level'],
];

describe('topics', () => {
  it.each(TOPICS)('%s is a topic, and a pattern', (text) => {
    expect([isTopic(text), isTopicPattern(text)]).toEqual([true, true]);
  });

  it.each(['*', '>', 'a.*.b', 'a.>', '*.>', '*.*', `${'*.'.repeat(15)}>`])('%s is a pattern and no topic', (text) => {
    expect([isTopic(text), isTopicPattern(text)]).toEqual([false, true]);
  });

  it.each(BAD)('D9: %j is neither: %s', (text) => {
    expect([isTopic(text), isTopicPattern(text)]).toEqual([false, false]);
  });

  it.each([
    ['64 KiB in one level', 'a'.repeat(65_536)],
    ['64 KiB of dots', '.'.repeat(65_536)],
    ['10,000 levels', 'a.'.repeat(10_000)],
    ['10,000 stars', '*.'.repeat(10_000)],
    ['10,000 times >', '>.'.repeat(10_000)],
    ['64 KiB of wide characters', '日'.repeat(21_845)],
    ['64 KiB of lone surrogates', '\ud800'.repeat(32_768)],
  ])('D9: %s is refused without reading it', (_, text) => {
    const start = performance.now();
    for (let count = 0; count < 10_000; count++) {
      if (isTopic(text) || isTopicPattern(text) || isGroupName(text)) throw new Error('accepted');
    }
    expect(performance.now() - start).toBeLessThan(1_000);
  });

  it('D9: any text at all gets an answer, and what is taken keeps the rules', () => {
    const levels = fc.array(
      fc.oneof(fc.constantFrom('', '*', '>', 'a', 'a b', '日', '\u202e'), fc.string({ unit: 'grapheme' })),
    );
    const texts = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 300 }),
      levels.map((list) => list.join('.')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        if (isTopic(text)) expect([isTopicPattern(text), /[\s*>\p{Cc}\p{Cf}]/u.test(text)]).toEqual([true, false]);
        if (!isTopicPattern(text)) return;
        const parts = text.split('.');
        expect(parts.length).toBeLessThanOrEqual(16);
        expect(utf8Encode(text).length).toBeLessThanOrEqual(256);
        expect(parts.every((part) => part !== '' && utf8Encode(part).length <= 64)).toBe(true);
        expect(parts.slice(0, -1)).not.toContain('>');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('queue groups', () => {
  it('may have any printable name without spaces, up to 64 bytes', () => {
    for (const name of ['workers', 'eu.workers', '*', 'g'.repeat(64), '日'.repeat(21)])
      expect([name, isGroupName(name)]).toEqual([name, true]);
    for (const name of ['', 'two words', 'a\n', 'g'.repeat(65), '日'.repeat(22), '\u202e']) {
      expect([name, isGroupName(name)]).toEqual([name, false]);
    }
  });
});

describe('topicMatches', () => {
  it.each([
    ['a', ['a'], ['b', 'a.b', 'A']],
    ['a.b', ['a.b'], ['a', 'a.b.c', 'a.c']],
    ['*', ['a', '日'], ['a.b']],
    ['a.*', ['a.b'], ['a', 'a.b.c', 'b.b']],
    ['*.b', ['a.b'], ['b', 'a.c', 'a.b.c']],
    ['a.*.c', ['a.b.c'], ['a.c', 'a.b.b.c', 'a.b.d']],
    ['>', ['a', 'a.b', 'a.b.c'], []],
    ['a.>', ['a.b', 'a.b.c'], ['a', 'b.a', 'ab.c']],
    ['*.>', ['a.b', 'a.b.c'], ['a']],
    ['*.b.>', ['a.b.c'], ['a.b', 'a.c.d']],
    // Reserved: no wildcard stands for the first level.
    ['$a.b', ['$a.b'], ['a.b']],
    ['$a.*', ['$a.b'], ['$b.b', '$a']],
    ['$a.>', ['$a.b', '$a.b.c'], ['$b.b']],
    ['*.b', ['a.b', 'a$.b'], ['$a.b']],
    ['>', ['a.$b'], ['$a', '$a.b']],
  ])('%s matches %j and not %j', (pattern, matched, others) => {
    for (const topic of matched) expect([topic, topicMatches(pattern, topic)]).toEqual([topic, true]);
    for (const topic of others) expect([topic, topicMatches(pattern, topic)]).toEqual([topic, false]);
  });

  it('agrees with the rules written as a regular expression', () => {
    const level = fc.constantFrom('a', 'b', 'ab', '*');
    const pattern = fc
      .tuple(fc.array(level, { maxLength: 4 }), fc.boolean())
      .map(([levels, rest]) => [...levels, ...(rest || levels.length === 0 ? ['>'] : [])].join('.'));
    const topic = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 5 })
      .map((levels) => levels.join('.'));
    const seen = { matched: 0, others: 0 };
    fc.assert(
      fc.property(pattern, topic, (wanted, name) => {
        const source = wanted.replaceAll('.', '\\.').replaceAll('*', '[^.]+').replace('>', '.+');
        const expected = new RegExp(`^${source}$`).test(name);
        expect(topicMatches(wanted, name)).toBe(expected);
        seen[expected ? 'matched' : 'others'] += 1;
      }),
      { numRuns: 5_000 },
    );
    expect(Math.min(seen.matched, seen.others)).toBeGreaterThan(500);
  });
});
