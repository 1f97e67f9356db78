// Wycheproof against both implementations: AES-GCM, X25519, Ed25519 and HKDF. ML-KEM has its own file.
import { describe, expect, it } from '@jest/globals';
import { concat, toHex } from '../../src/bytes/index.ts';
import { hkdfExpand, hkdfExtract } from '../../src/crypto/index.ts';
import { IMPLEMENTATIONS, describeVectors, errorOf, hex, readGroups } from './wycheproof-file.ts';

interface AeadTest {
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

describeVectors('aes_gcm_test.json', () => {
  const groups = readGroups<{ ivSize: number; keySize: number; tagSize: number }, AeadTest>('aes_gcm_test.json');
  const inScope = groups.filter((group) => group.keySize === 256 && group.ivSize === 96 && group.tagSize === 128);
  const tests = inScope.flatMap((group) => group.tests);
  const count = groups.flatMap((group) => group.tests).length;

  it(`runs ${tests.length} cases; ${count - tests.length} of other key or nonce sizes are out of scope`, () => {
    expect([tests.length, count]).toEqual([66, 316]);
  });

  describe.each(IMPLEMENTATIONS)('%s', (_, crypto) => {
    it('B1: opens what is valid, refuses what is not, seals the same bytes', () => {
      for (const { tcId, result, ...test } of tests) {
        const [key, iv, aad] = [hex(test.key), hex(test.iv), hex(test.aad)];
        const sealed = concat(hex(test.ct), hex(test.tag));
        const opened = crypto.aeadOpen(key, iv, aad, sealed);
        expect({ tcId, opened: opened && toHex(opened) }).toEqual({
          tcId,
          opened: result === 'valid' ? test.msg : undefined,
        });
        if (result === 'valid') expect(toHex(crypto.aeadSeal(key, iv, aad, hex(test.msg)))).toBe(toHex(sealed));
      }
    });
  });
});

interface XdhTest {
  readonly public: string;
  readonly private: string;
  readonly shared: string;
  readonly flags: readonly string[];
}

describeVectors('x25519_test.json', () => {
  const tests = readGroups<object, XdhTest>('x25519_test.json').flatMap((group) => group.tests);

  describe.each(IMPLEMENTATIONS)('%s', (_, crypto) => {
    it(`B12: ${tests.length} cases; those with an all-zero secret are refused`, () => {
      let refused = 0;
      for (const test of tests) {
        const action = (): string => toHex(crypto.x25519(hex(test.private), hex(test.public)));
        if (test.flags.includes('ZeroSharedSecret')) {
          expect({ tcId: test.tcId, error: errorOf(action) }).toMatchObject({ error: { code: 'E_HANDSHAKE' } });
          refused++;
        } else {
          expect({ tcId: test.tcId, shared: action() }).toEqual({ tcId: test.tcId, shared: test.shared });
        }
      }
      expect([tests.length, refused]).toEqual([518, 31]);
    });
  });
});

interface EddsaTest {
  readonly msg: string;
  readonly sig: string;
}

describeVectors('ed25519_test.json', () => {
  const groups = readGroups<{ publicKey: { pk: string } }, EddsaTest>('ed25519_test.json');

  describe.each(IMPLEMENTATIONS)('%s', (_, crypto) => {
    it('verifies what is valid, refuses what is not, malleable and cut signatures included', () => {
      let count = 0;
      for (const group of groups) {
        for (const { tcId, result, ...test } of group.tests) {
          const verified = crypto.ed25519Verify(hex(group.publicKey.pk), hex(test.msg), hex(test.sig));
          expect({ tcId, verified }).toEqual({ tcId, verified: result === 'valid' });
          count++;
        }
      }
      expect(count).toBe(151);
    });
  });
});

interface HkdfTest {
  readonly ikm: string;
  readonly salt: string;
  readonly info: string;
  readonly size: number;
  readonly okm: string;
}

describeVectors('hkdf_sha256_test.json', () => {
  const tests = readGroups<object, HkdfTest>('hkdf_sha256_test.json').flatMap((group) => group.tests);

  describe.each(IMPLEMENTATIONS)('%s', (_, crypto) => {
    it('derives what is valid and refuses sizes above 255 blocks', () => {
      for (const { tcId, result, ...test } of tests) {
        const action = (): string => {
          const key = hkdfExtract(crypto, hex(test.salt), hex(test.ikm));
          return toHex(hkdfExpand(crypto, key, hex(test.info), test.size));
        };
        if (result === 'valid') expect({ tcId, okm: action() }).toEqual({ tcId, okm: test.okm });
        else expect(action).toThrow(RangeError);
      }
      expect(tests).toHaveLength(86);
    });
  });
});
