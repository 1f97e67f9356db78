import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyCharacter } from '../../test/any-character.ts';
import { escapeText, fromBase64, fromHex, toBase64, toBase64Url, toHex, utf8Decode, utf8Encode } from './text.ts';

describe('text forms', () => {
  it('hex, base64 and UTF-8 round-trip', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ unit: 'grapheme' }), (bytes, text) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64Url(bytes))).toEqual(bytes);
        expect(utf8Decode(utf8Encode(text))).toBe(text);
      }),
    );
  });

  it('RFC 4648 §10, unpadded', () => {
    expect(['', 'f', 'fo', 'foo', 'foob'].map((text) => toBase64(utf8Encode(text)))).toEqual([
      '',
      'Zg',
      'Zm8',
      'Zm9v',
      'Zm9vYg',
    ]);
    expect(toBase64Url(Uint8Array.of(0xfb, 0xff))).toBe('-_8');
  });

  it.each(['Zh', 'Zg\n', 'Z', 'Zg=g', 'Zm9v====', 'Zm 9v', 'Zé'])(
    'refuses base64 that is not canonical: %j',
    (text) => {
      expect(fromBase64(text)).toBeUndefined();
    },
  );

  it.each(['0', '0g', ' 00', '0x00', '00 '])('refuses what is not hexadecimal: %j', (text) => {
    expect(fromHex(text)).toBeUndefined();
  });

  it.each([
    ['overlong', [0xc0, 0x80]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['cut', [0xe2, 0x82]],
    ['above U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses UTF-8 that is %s', (_, bytes) => {
    expect(utf8Decode(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('keeps a byte order mark, and replaces lone surrogates when encoding', () => {
    expect(utf8Decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
    expect(toHex(utf8Encode('\ud800'))).toBe('efbfbd');
  });
});

describe('escapeText', () => {
  it.each([
    ['ESC', '\u001b[2J', '\\u{1b}[2J'],
    ['line ends', 'a\r\nb', 'a\\u{d}\\u{a}b'],
    ['C1 (8-bit CSI)', '\u009b31m', '\\u{9b}31m'],
    ['DEL', '\u007f', '\\u{7f}'],
    ['bidi override and isolate', '\u202egpj\u2066', '\\u{202e}gpj\\u{2066}'],
    ['zero width and BOM', 'a\u200bb\ufeff', 'a\\u{200b}b\\u{feff}'],
    ['lone surrogates', '\ud800x\udc00', '\\u{d800}x\\u{dc00}'],
    ['plain text and pairs as they are', 'Grüße, 世界 😀', 'Grüße, 世界 😀'],
  ])('shows %s', (_, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  it('leaves nothing that acts on a terminal, whatever it is given', () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), (text) => {
        const shown = escapeText(text);
        expect(shown.isWellFormed()).toBe(true);
        // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
        expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200e\u200f\u2028\u2029]/);
        expect(escapeText(shown)).toBe(shown);
      }),
    );
  });
});
