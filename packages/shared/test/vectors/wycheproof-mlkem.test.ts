// Wycheproof's ML-KEM-768 against both implementations. Neither takes an expanded decapsulation key through the port
// (keys are made fresh or from a seed), so the key checks of the semi-expanded file have nothing to run against; its
// valid cases are run on noble, on which the portable implementation rests.
import { describe, expect, it } from '@jest/globals';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { concat, toHex } from '../../src/bytes/index.ts';
import { SIZES } from '../../src/crypto/index.ts';
import { IMPLEMENTATIONS, describeVectors, errorOf, hex, readGroups } from './wycheproof-file.ts';

describeVectors('mlkem_768_keygen_seed_test.json', () => {
  const tests = readGroups<object, { seed: string; ek: string }>('mlkem_768_keygen_seed_test.json').flatMap(
    (group) => group.tests,
  );

  it.each(IMPLEMENTATIONS)('%s: the encapsulation key of every seed', (_, crypto) => {
    for (const { tcId, seed, ek } of tests) {
      expect({ tcId, ek: toHex(crypto.kemKeyPairFromSeed(hex(seed)).publicKey) }).toEqual({ tcId, ek });
    }
    expect(tests).toHaveLength(100);
  });
});

describeVectors('mlkem_768_encaps_test.json', () => {
  interface EncapsTest {
    readonly m: string;
    readonly ek: string;
    readonly c: string;
    readonly K: string;
  }
  const tests = readGroups<object, EncapsTest>('mlkem_768_encaps_test.json').flatMap((group) => group.tests);

  it.each(IMPLEMENTATIONS)(
    '%s: refuses invalid keys (modulus, size); the portable one gives the exact bytes',
    (name, crypto) => {
      let [refused, exact] = [0, 0];
      for (const { tcId, result, ...test } of tests) {
        const ek = hex(test.ek);
        const action = () => crypto.kemEncapsulate(ek, () => hex(test.m));
        if (result !== 'valid') {
          const expected = ek.length === SIZES.kemPublicKey ? { code: 'E_HANDSHAKE' } : { name: 'RangeError' };
          expect({ tcId, error: errorOf(action) }).toMatchObject({ error: expected });
          refused++;
          continue;
        }
        const { ciphertext, sharedSecret } = action();
        expect([ciphertext.length, sharedSecret.length]).toEqual([SIZES.kemCiphertext, SIZES.sharedSecret]);
        // node:crypto takes no randomness: its result is another one each time.
        if (name !== 'portable') continue;
        expect({ tcId, c: toHex(ciphertext), K: toHex(sharedSecret) }).toEqual({ tcId, c: test.c, K: test.K });
        exact++;
      }
      expect([tests.length, refused, exact]).toEqual([265, 132, name === 'portable' ? 133 : 0]);
    },
  );
});

describeVectors('mlkem_768_test.json', () => {
  interface DecapsTest {
    readonly seed: string;
    readonly c: string;
    readonly K: string;
  }
  const tests = readGroups<object, DecapsTest>('mlkem_768_test.json').flatMap((group) => group.tests);

  describe.each(IMPLEMENTATIONS)('%s', (_, crypto) => {
    it('decapsulates valid and altered ciphertexts to the given secret, refuses wrong sizes', () => {
      for (const { tcId, result, ...test } of tests) {
        const action = (): string => {
          const { secretKey } = crypto.kemKeyPairFromSeed(hex(test.seed));
          return toHex(crypto.kemDecapsulate(secretKey, hex(test.c)));
        };
        if (result === 'valid') expect({ tcId, K: action() }).toEqual({ tcId, K: test.K });
        else expect({ tcId, error: errorOf(action) }).toMatchObject({ error: { name: 'RangeError' } });
      }
      expect(tests).toHaveLength(193);
    });
  });
});

describeVectors('mlkem_768_semi_expanded_decaps_test.json', () => {
  const tests = readGroups<object, { dk: string; c: string; K?: string }>(
    'mlkem_768_semi_expanded_decaps_test.json',
  ).flatMap((group) => group.tests);

  it('noble: the valid cases give their secret, the others are refused', () => {
    for (const { tcId, result, ...test } of tests) {
      const action = (): string => toHex(ml_kem768.decapsulate(hex(test.c), concat(hex(test.dk))));
      if (result === 'valid') expect({ tcId, K: action() }).toEqual({ tcId, K: test.K });
      else expect(action).toThrow();
    }
    expect(tests).toHaveLength(9);
  });
});
