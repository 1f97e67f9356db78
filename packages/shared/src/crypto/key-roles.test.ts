import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { toBase64, toHex } from '../bytes/index.ts';
import { countingRandom } from './crypto.compliance.ts';
import { ed25519ToX25519 } from './ed25519-encoding.ts';
import { IdentityKeys, StaticKeyPair } from './key-roles.ts';
import { portableCrypto } from './portable-crypto.ts';

const random = countingRandom(7);

describe('key roles', () => {
  it('B10: printing, serialising or inspecting a key shows no bytes', () => {
    const seed = random(32);
    const secret = random(32);
    const keys = {
      identity: new IdentityKeys(portableCrypto, seed),
      static: new StaticKeyPair(portableCrypto, secret),
    };
    for (const key of [keys.identity, keys.static, keys.identity.static]) {
      const shown = [
        String(key),
        JSON.stringify({ key }),
        inspect(key),
        inspect({ key }, { showHidden: true, depth: 9 }),
      ].join('\n');
      expect(shown).toMatch(/\(secret\)/);
      expect(shown).not.toMatch(/Uint8Array|Buffer|\d+, *\d+/);
      for (const bytes of [seed, secret]) {
        expect(shown).not.toContain(toHex(bytes).slice(0, 8));
        expect(shown).not.toContain(toBase64(bytes).slice(0, 8));
      }
    }
  });

  it('copies its secrets and refuses use after wipe', () => {
    const seed = random(32);
    const identity = new IdentityKeys(portableCrypto, seed);
    const signature = toHex(identity.sign(seed));
    const message = Uint8Array.from(seed);
    seed.fill(0);
    expect(toHex(identity.sign(message))).toBe(signature);
    const { secretKey } = identity.static;
    identity.wipe();
    expect(secretKey.every((byte) => byte === 0)).toBe(true);
    expect(() => identity.sign(message)).toThrow(TypeError);
    expect(() => identity.static.secretKey).toThrow(TypeError);
  });

  it('refuses secrets of another size', () => {
    expect(() => new IdentityKeys(portableCrypto, new Uint8Array(64))).toThrow(RangeError);
    expect(() => new StaticKeyPair(portableCrypto, new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('ed25519ToX25519', () => {
  it('agrees with the converted secret for 50 seeds', () => {
    for (let round = 0; round < 50; round++) {
      const identity = new IdentityKeys(portableCrypto, random(32));
      expect(toHex(ed25519ToX25519(identity.signingPublicKey)!)).toBe(toHex(identity.static.publicKey));
    }
  });

  it('converts the base point to u = 9 (RFC 7748 §4.1)', () => {
    const basePoint = new Uint8Array(32).fill(0x66);
    basePoint[0] = 0x58;
    expect(toHex(ed25519ToX25519(basePoint)!)).toBe('09' + '00'.repeat(31));
  });

  it.each([
    ['y = 1, which has no image', '01' + '00'.repeat(31)],
    ['y = 1 with sign', '01' + '00'.repeat(30) + '80'],
    ['y = −1 with sign', 'ec' + 'ff'.repeat(31)],
    ['y = p', 'ed' + 'ff'.repeat(30) + '7f'],
    ['y = 2^255 − 1', 'ff'.repeat(31) + '7f'],
    ['31 bytes', '02'.repeat(31)],
  ])('B12: refuses %s', (_, hex) => {
    expect(ed25519ToX25519(Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16)))).toBeUndefined();
  });
});
