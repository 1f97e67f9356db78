import { describe, expect, test } from '@jest/globals';
import { IdentityKeys } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { systemRandom } from '@sealane/node/transport';
import { signingKeyCandidates } from './server-signing-key.ts';

describe('signing key of a server', () => {
  test('C8: the key that signs is among the candidates of the key that is proved in the handshake', () => {
    for (let round = 0; round < 40; round++) {
      const identity = new IdentityKeys(nativeCrypto, systemRandom(32));
      const candidates = signingKeyCandidates(identity.static.publicKey);
      expect(candidates).toHaveLength(2);
      expect(candidates).toContainEqual(Uint8Array.from(identity.signingPublicKey));
    }
  });
});
