import { describe, expect, test } from '@jest/globals';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { decodeLinkCode, encodeLinkCode, type LinkCode } from './link-code.ts';

const code: LinkCode = {
  link: new Uint8Array(16).fill(1),
  boxKey: new Uint8Array(32).fill(2),
  transportKey: new Uint8Array(32).fill(3),
  signingKey: new Uint8Array(32).fill(4),
  agentId: 'agent-0123456789abcdef',
  name: 'Läptop',
};

describe('link code', () => {
  test('C11: a code read back says what was put in', () => {
    const text = encodeLinkCode(nativeCrypto, code);
    expect(text).toMatch(/^sealane-link-[\w-]+$/);
    expect(decodeLinkCode(nativeCrypto, ` ${text}\n`)).toEqual(code);
  });

  test('A4: every single character that is changed, and every cut, is noticed', () => {
    const text = encodeLinkCode(nativeCrypto, code);
    for (let index = 'sealane-link-'.length; index < text.length; index++) {
      const other = text[index] === 'A' ? 'B' : 'A';
      const changed = decodeLinkCode(nativeCrypto, text.slice(0, index) + other + text.slice(index + 1));
      // The last character may hold bits that mean nothing.
      if (index < text.length - 1) expect(changed).toBeUndefined();
      expect(decodeLinkCode(nativeCrypto, text.slice(0, index))).toBeUndefined();
    }
  });

  test('A4: other texts are no codes', () => {
    for (const text of ['', 'sealane-link-', 'hello', `sealane-link-${'A'.repeat(600)}`, 'sealane-link-****'])
      expect(decodeLinkCode(nativeCrypto, text)).toBeUndefined();
  });
});
