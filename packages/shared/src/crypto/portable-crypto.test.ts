import { describe, expect, it } from '@jest/globals';
import { toHex } from '../bytes/index.ts';
import { countingRandom, cryptoCompliance } from './crypto.compliance.ts';
import { portableCrypto } from './portable-crypto.ts';

describe('portableCrypto', () => {
  cryptoCompliance(portableCrypto, { it, expect });

  it('takes all randomness from its argument, so that one seed is one run', () => {
    const run = (start: number): string => {
      const random = countingRandom(start);
      const { publicKey } = portableCrypto.kemKeyPair(random);
      const { ciphertext, sharedSecret } = portableCrypto.kemEncapsulate(publicKey, random);
      return [publicKey, ciphertext, sharedSecret].map(toHex).join();
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });
});
