import { describe, expect, it } from '@jest/globals';
import { IdentityKeys } from '../crypto/index.ts';
import { nativeCrypto } from '../crypto-native/index.ts';
import { decodeCredential, encodeCredential } from './credential.ts';
import { isLoginSignedBy, signLogin } from './login.ts';

const accountId = new Uint8Array(32).fill(7);

describe('credential of a device', () => {
  it('decodes what it encodes, and nothing else', () => {
    const bytes = encodeCredential({ accountId, agentId: 'phone' });
    expect(decodeCredential(bytes)).toEqual({ accountId, agentId: 'phone' });
    for (const wrong of [bytes.with(0, 2), bytes.subarray(0, 33), bytes.with(33, 0x2d), bytes.with(37, 0xff)]) {
      expect(decodeCredential(wrong)).toBeUndefined();
    }
    expect(decodeCredential(new Uint8Array(98).fill(0x61).with(0, 1))).toBeUndefined();
    expect(() => encodeCredential({ accountId, agentId: '' })).toThrow(RangeError);
    expect(() => encodeCredential({ accountId: accountId.subarray(1), agentId: 'phone' })).toThrow(RangeError);
  });
});

describe('login by signature', () => {
  const keys = new IdentityKeys(nativeCrypto, new Uint8Array(32).fill(1));
  const claim = { serverKey: new Uint8Array(32), challenge: new Uint8Array(32).fill(2), username: 'alice' };

  it('is bound to server, challenge, name and key', () => {
    const signature = signLogin(claim, keys);
    const proof = { signature, signingKey: keys.signingPublicKey };
    expect(signature).toHaveLength(64);
    expect(isLoginSignedBy(nativeCrypto, claim, proof)).toBe(true);
    const others = [
      { ...claim, serverKey: accountId },
      { ...claim, challenge: accountId },
      { ...claim, username: 'bob' },
    ];
    for (const other of others) expect(isLoginSignedBy(nativeCrypto, other, proof)).toBe(false);
    expect(isLoginSignedBy(nativeCrypto, claim, { ...proof, signingKey: accountId })).toBe(false);
    expect(isLoginSignedBy(nativeCrypto, claim, { ...proof, signature: signature.subarray(1) })).toBe(false);
  });
});
