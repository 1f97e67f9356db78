import { describe, expect, it } from '@jest/globals';
import { toHex } from '../bytes/index.ts';
import { fingerprint, parseFingerprint } from './fingerprint.ts';
import { portableCrypto } from './portable-crypto.ts';

const KEY = new Uint8Array(32);
/** SHA-256 of 32 zero bytes, as `head -c32 /dev/zero | openssl dgst -sha256 -binary | base64` prints it. */
const TEXT = 'SHA256:Zmh6rfhivXdsj8GLjp+OIAiXFIVu4jOzkCpZHQ1fKSU';

describe('fingerprint', () => {
  it('C8: is SHA256: and the unpadded base64 of the hash', () => {
    expect(fingerprint(portableCrypto, KEY)).toBe(TEXT);
    expect(toHex(parseFingerprint(TEXT)!)).toBe(toHex(portableCrypto.sha256(KEY)));
  });

  it.each([
    ['padded', `${TEXT}=`],
    ['without prefix', TEXT.slice(7)],
    ['prefix in another case', TEXT.replace('SHA256', 'sha256')],
    ['URL-safe alphabet', TEXT.replace('+', '-')],
    ['cut', TEXT.slice(0, -1)],
    ['loose last bits', TEXT.slice(0, -1) + 'V'],
    ['space', ` ${TEXT}`],
    ['empty', ''],
  ])('C8: refuses a fingerprint %s', (_, text) => {
    expect(parseFingerprint(text)).toBeUndefined();
  });

  it('takes keys of 32 bytes only', () => {
    expect(() => fingerprint(portableCrypto, new Uint8Array(31))).toThrow(RangeError);
  });
});
