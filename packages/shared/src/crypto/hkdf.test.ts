import { describe, expect, it } from '@jest/globals';
import { fromHex, toHex } from '../bytes/index.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { portableCrypto } from './portable-crypto.ts';

const range = (from: number, size: number): string =>
  toHex(Uint8Array.from({ length: size }, (_, index) => from + index));

/** RFC 5869, appendix A.1 to A.3. */
const VECTORS = [
  {
    name: 'A.1',
    inputKeyMaterial: '0b'.repeat(22),
    salt: range(0x00, 13),
    info: range(0xf0, 10),
    key: '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
    output: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  },
  {
    name: 'A.2',
    inputKeyMaterial: range(0x00, 80),
    salt: range(0x60, 80),
    info: range(0xb0, 80),
    key: '06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244',
    output:
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
      'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
  },
  {
    name: 'A.3',
    inputKeyMaterial: '0b'.repeat(22),
    salt: '',
    info: '',
    key: '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
    output: '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
  },
];

describe('hkdf', () => {
  it.each(VECTORS)('RFC 5869 $name', ({ inputKeyMaterial, salt, info, key, output }) => {
    const extracted = hkdfExtract(portableCrypto, fromHex(salt)!, fromHex(inputKeyMaterial)!);
    expect(toHex(extracted)).toBe(key);
    expect(toHex(hkdfExpand(portableCrypto, extracted, fromHex(info)!, output.length / 2))).toBe(output);
  });

  it('refuses more than 255 blocks, and sizes that are none', () => {
    const key = new Uint8Array(32);
    expect(hkdfExpand(portableCrypto, key, key, 8_160)).toHaveLength(8_160);
    for (const size of [8_161, -1, 1.5, Number.NaN]) {
      expect(() => hkdfExpand(portableCrypto, key, key, size)).toThrow(RangeError);
    }
  });
});
