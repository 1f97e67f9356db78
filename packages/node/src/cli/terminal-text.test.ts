import { describe, expect, it } from '@jest/globals';
import { terminalText } from './terminal-text.ts';

/** What a terminal acts on, or what turns or hides text. */
const HARMFUL = /(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff]/u;

describe('terminalText', () => {
  it.each([
    ['a CSI sequence', 'a\u001b[2Jb', 'a\\u{1b}[2Jb'],
    ['an OSC sequence with BEL', '\u001b]0;title\u0007', '\\u{1b}]0;title\\u{7}'],
    ['an 8-bit CSI', '\u009b31m', '\\u{9b}31m'],
    ['NUL, backspace and DEL', 'a\u0000\b\u007f', 'a\\u{0}\\u{8}\\u{7f}'],
    ['a bidi override', 'exe\u202egpj', 'exe\\u{202e}gpj'],
    ['a bidi isolate', '\u2067x\u2069', '\\u{2067}x\\u{2069}'],
    ['a zero-width space', 'ad\u200bmin', 'ad\\u{200b}min'],
    ['a joiner between Latin letters', 'ad\u200dmin', 'ad\\u{200d}min'],
    ['a byte order mark', '\ufeffx', '\\u{feff}x'],
    ['a blank that is none', 'a\u3164b', 'a\\u{3164}b'],
    ['data in variation selectors', 'a\u{e0101}\u{e0102}', 'a\\u{e0101}\\u{e0102}'],
    ['letters of the tag block', 'x\u{e0041}', 'x\\u{e0041}'],
    ['a lone surrogate', '\ud800', '\\u{d800}'],
    ['a line separator', 'a\u2028b', 'a\\u{2028}b'],
  ])('E11: shows %s instead of sending it', (_name, text, shown) => {
    expect(terminalText(text)).toBe(shown);
  });

  it.each([
    ['line breaks', 'one\ntwo\n'],
    ['an emoji of several', '👩‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈'],
    ['flags', '🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
    ['emoji and text signs', '❤️ ☎︎ 1️⃣'],
    ['a Persian word with its non-joiner', 'می\u200cخواهم'],
    ['a conjunct with its joiner', 'क्\u200dष'],
    ['marks on letters', 'e\u0301 ệ'],
    ['Han, Hangul, Hebrew', '漢字 한글 שלום'],
  ])('keeps %s', (_name, text) => {
    expect(terminalText(text)).toBe(text);
  });

  it('makes one kind of line break of all, and blanks of tabs', () => {
    expect(terminalText('a\r\nb\rc\td')).toBe('a\nb\nc    d');
  });

  it('cuts a tower of marks', () => {
    expect(terminalText(`a${'\u0301'.repeat(500)}b`)).toBe(`a${'\u0301'.repeat(4)}\ufffdb`);
  });

  it('leaves nothing that acts, whatever came, in linear time', () => {
    const every = String.fromCodePoint(...Array.from({ length: 0x3000 }, (_, code) => code));
    expect(terminalText(every)).not.toMatch(HARMFUL);
    const started = performance.now();
    terminalText('\u{1f469}\u200d'.repeat(50_000) + '\u0301'.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
