import { describe, expect, it } from '@jest/globals';
import { displayWidth, fitColumns, graphemesOf, wrapColumns } from './display-width.ts';

describe('displayWidth', () => {
  it.each([
    ['plain', 5],
    ['äöü', 3],
    ['e\u0301', 1],
    ['漢字', 4],
    ['한글', 4],
    ['カﾅ', 3],
    ['ＡＢ', 4],
    ['👍🏽', 2],
    ['👩‍👩‍👧‍👦', 2],
    ['🇩🇪', 2],
    ['❤️', 2],
    ['❤', 1],
    ['1️⃣', 2],
    ['…─┊', 3],
    ['', 0],
  ])('of %j is %d', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });
});

describe('wrapColumns', () => {
  const wrapped = (text: string, columns: number): readonly string[] =>
    wrapColumns(text, { first: columns, rest: columns });

  it('breaks at blanks and keeps line breaks', () => {
    expect(wrapped('one two three\n\nfour', 8)).toEqual(['one two', 'three', '', 'four']);
  });

  it('breaks a long word anywhere, and never inside an emoji or a wide letter', () => {
    expect(wrapped('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(wrapped('漢字漢字', 5)).toEqual(['漢字', '漢字']);
    expect(wrapped('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3)).toEqual(['👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦']);
  });

  it('has a first line of its own width, and keeps blanks that begin a line', () => {
    expect(wrapColumns('aa bb cc dd', { first: 3, rest: 6 })).toEqual(['aa', 'bb cc', 'dd']);
    expect(wrapped('  code', 10)).toEqual(['  code']);
  });

  it('gives no line wider than asked, for any text and width', () => {
    const words = ['a', 'bb', '漢字', '👩‍👩‍👧‍👦', 'e\u0301', 'incomprehensibilities', '  ', '\n', '한글'];
    for (let columns = 2; columns < 40; columns++) {
      const text = Array.from({ length: 60 }, (_, index) => words[(index * 7 + columns) % words.length]).join(' ');
      const lines = wrapped(text, columns);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
      expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
    }
  });
});

it('fitColumns cuts by columns', () => {
  expect(fitColumns('short', 5)).toBe('short');
  expect(fitColumns('漢字漢字', 6)).toBe('漢字…');
  expect(fitColumns('abc', 0)).toBe('');
});

it('graphemesOf keeps together what is drawn as one', () => {
  expect(graphemesOf('ae\u0301👍🏽')).toEqual(['a', 'e\u0301', '👍🏽']);
});
