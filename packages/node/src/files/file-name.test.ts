import { describe, expect, it } from '@jest/globals';
import { checkedFileName, defaultFileName, fileNameFault } from './file-name.ts';

describe('F3: file names', () => {
  it.each([
    ['path up', '../../x'],
    ['parent', '..'],
    ['itself', '.'],
    ['empty', ''],
    ['absolute', '/etc/passwd'],
    ['folder', 'a/b'],
    ['backslash', 'a\\b'],
    ['drive', 'C:x'],
    ['stream of NTFS', 'a.txt:hidden'],
    ['UNC', '\\\\host\\share'],
    ['hidden', '.bashrc'],
    ['private folder', '.sealane-partial'],
    ['option', '-rf'],
    ['NUL', 'a\0b'],
    ['newline', 'a\nb'],
    ['carriage return', 'a\rb'],
    ['ESC codes', '\u001b[31mred'],
    ['C1 CSI', 'a\u009bb'],
    ['DEL', 'a\u007f'],
    ['device', 'CON'],
    ['device in small letters', 'nul'],
    ['device with extension', 'com1.txt'],
    ['device with space and extension', 'aux .txt'],
    ['device with superscript', 'LPT².log'],
    ['device of the console', 'CONIN$'],
    ['300 characters', 'x'.repeat(300)],
    ['256 bytes in 128 characters', 'é'.repeat(128)],
    ['trailing dot', 'a.'],
    ['trailing space', 'a '],
    ['leading space', ' a'],
    ['wildcard', 'a*'],
    ['question mark', 'a?'],
    ['quote', 'a"b'],
    ['pipe', 'a|b'],
    ['angle', 'a>b'],
    ['right-to-left override', 'a\u202etxt.exe'],
    ['zero-width space', 'a\u200bb'],
    ['byte order mark', '\ufeffa'],
    ['soft hyphen', 'a\u00adb'],
    ['no-break space', 'a\u00a0b'],
    ['ideographic space', 'a\u3000b'],
    ['line separator', 'a\u2028b'],
    ['full-width slash', 'a／b'],
    ['full-width backslash', 'a＼b'],
    ['full-width dots', '．．'],
    ['one-dot leader', '․․'],
    ['two-dot leader', '‥'],
    ['full-width device', 'ＣＯＮ'],
    ['decomposed', 'e\u0301'],
    ['lone surrogate', 'a\ud800'],
    ['private use', 'a\ue000'],
    ['unassigned', 'a\u0378'],
    ['tag characters', 'a\u{e0041}'],
  ])('F3: refuses %s', (_, name) => {
    expect(fileNameFault(name)).toEqual(expect.any(String));
    expect(() => checkedFileName(name)).toThrow(expect.objectContaining({ code: 'E_FILE_NAME' }));
  });

  it.each([
    'a',
    'report 2024-05.tar.gz',
    'Größe.txt',
    '文件.pdf',
    '😀.png',
    'x'.repeat(255),
    'é'.repeat(127),
    'a..b',
    'console.log',
    'com10',
    'a-b',
    '__proto__',
    '~',
    "it's",
    '%2e%2e%2f',
    '$(id)',
  ])('F3: takes %j as it is', (name) => {
    expect(checkedFileName(name)).toBe(name);
  });

  it('the default name is the last part of the path, composed', () => {
    expect(defaultFileName('/a/b/../c/e\u0301.txt')).toBe('é.txt');
    expect(() => checkedFileName(defaultFileName('/a/.profile'))).toThrow(/starts with a dot/);
  });
});
