import { inspect } from 'node:util';
import { scryptSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { toHex, utf8Encode } from '@sealane/shared/bytes';
import { StaticKeyPair, portableCrypto } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { seededRandom } from '@sealane/shared/testing';
import fc from 'fast-check';
import { DeviceKeys } from './device-keys.ts';
import { unwrapWithPassphrase, wrapWithPassphrase } from './passphrase-wrap.ts';
import { RecoveryKey } from './recovery-key.ts';
import { parseRecoveryText, recoveryText } from './recovery-text.ts';
import { openBox, sealBox } from './sealed-box.ts';

const random = seededRandom(1);

describe.each([
  ['DeviceKeys', (): DeviceKeys => DeviceKeys.generate(nativeCrypto, random)],
  ['RecoveryKey', (): RecoveryKey => RecoveryKey.generate(nativeCrypto, random)],
])('%s', (name, make) => {
  it('signs, hides its secrets, and is of no use once wiped', () => {
    const keys = make();
    const message = utf8Encode('hello');
    expect(portableCrypto.ed25519Verify(keys.signingPublicKey, message, keys.sign(message))).toBe(true);
    for (const shown of [String(keys), JSON.stringify({ keys }), inspect(keys, { showHidden: true, depth: 9 })]) {
      expect(shown).toContain(`${name}(secret)`);
    }
    keys.wipe();
    expect(() => keys.sign(message)).toThrow(TypeError);
    expect(() => keys.box.secretKey).toThrow(TypeError);
  });
});

describe('keys of a device', () => {
  it('come back from their bytes', () => {
    const keys = DeviceKeys.generate(nativeCrypto, random);
    const again = new DeviceKeys(portableCrypto, keys.toSecretBytes());
    expect(toHex(again.signingPublicKey)).toBe(toHex(keys.signingPublicKey));
    expect(toHex(again.box.publicKey)).toBe(toHex(keys.box.publicKey));
    expect(toHex(again.signingSeed)).toBe(toHex(keys.signingSeed));
  });
});

describe('recovery key on paper', () => {
  const secret = Uint8Array.from({ length: 32 }, (_, index) => index * 7);
  const text = recoveryText(secret);

  it('is 14 groups of 5, and comes back however it was typed', () => {
    expect(text).toMatch(/^([0-9A-Z]{5}-){13}[0-9A-Z]{5}$/);
    for (const typed of [
      text,
      text.toLowerCase(),
      text.replaceAll('-', ' '),
      text.replaceAll('0', 'o'),
      ` ${text}\n`,
    ]) {
      expect(parseRecoveryText(typed)).toEqual({ ok: true, secret });
    }
    const key = new RecoveryKey(nativeCrypto, secret);
    expect(key.toText()).toBe(text);
    const other = new RecoveryKey(portableCrypto, secret);
    expect(toHex(other.signingPublicKey)).toBe(toHex(key.signingPublicKey));
  });

  it('G: names the group in which one character is wrong, or two are swapped', () => {
    const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
    const bare = text.replaceAll('-', '');
    for (let at = 0; at < bare.length; at++) {
      const group = Math.floor(at / 5) + 1;
      for (const character of alphabet) {
        const typed = bare.slice(0, at) + character + bare.slice(at + 1);
        if (typed !== bare) expect(parseRecoveryText(typed)).toEqual({ ok: false, wrongGroups: [group] });
      }
      const swapped = bare.slice(0, at) + bare.charAt(at + 1) + bare.charAt(at) + bare.slice(at + 2);
      if (swapped !== bare && at % 5 !== 4)
        expect(parseRecoveryText(swapped)).toEqual({ ok: false, wrongGroups: [group] });
    }
  });

  it('G: sees swapped groups, missing ones and marks that are none', () => {
    const groups = text.split('-');
    const swapped = [groups[1]!, groups[0]!, ...groups.slice(2)].join('-');
    expect(parseRecoveryText(swapped)).toEqual({ ok: false, wrongGroups: [1, 2] });
    expect(parseRecoveryText(groups.slice(1).join('-'))).toEqual({ ok: false, wrongGroups: [] });
    expect(parseRecoveryText(text.replace(groups[2]!, '?????'))).toEqual({ ok: false, wrongGroups: [3] });
    expect(parseRecoveryText('')).toEqual({ ok: false, wrongGroups: [] });
  });

  it('holds for every secret', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        expect(parseRecoveryText(recoveryText(bytes))).toEqual({ ok: true, secret: bytes });
      }),
    );
  });
});

describe.each([nativeCrypto, portableCrypto])('sealed box: $name', (crypto) => {
  const recipient = new StaticKeyPair(crypto, random(32));
  const purpose = { domain: 'sealane link 1', context: Uint8Array.of(1, 2, 3) };
  const plaintext = utf8Encode('for one device');
  const sealed = sealBox(crypto, purpose, { recipientKey: recipient.publicKey, plaintext, random });

  it('opens for its key and purpose, and for nothing else', () => {
    expect(openBox(crypto, purpose, { recipient, sealed })).toEqual(plaintext);
    const stranger = new StaticKeyPair(crypto, random(32));
    expect(openBox(crypto, purpose, { recipient: stranger, sealed })).toBeUndefined();
    expect(openBox(crypto, { ...purpose, domain: 'sealane backup 1' }, { recipient, sealed })).toBeUndefined();
    expect(openBox(crypto, { ...purpose, context: Uint8Array.of(1, 2) }, { recipient, sealed })).toBeUndefined();
  });

  it('refuses every changed byte and every cut', () => {
    for (let index = 0; index < sealed.length; index++) {
      // The highest bit of an X25519 key is ignored by the curve; the nonce sees it.
      const changed = sealed.with(index, sealed[index]! ^ 0x80);
      expect(openBox(crypto, purpose, { recipient, sealed: changed })).toBeUndefined();
      expect(openBox(crypto, purpose, { recipient, sealed: sealed.subarray(0, index) })).toBeUndefined();
    }
  });

  it('is never sealed to a key that everybody can open', () => {
    const box = { recipientKey: new Uint8Array(32), plaintext, random };
    expect(() => sealBox(crypto, purpose, box)).toThrow(expect.objectContaining({ code: 'E_HANDSHAKE' }));
  });
});

describe('secrets under a passphrase', () => {
  const cost = { logN: 10, r: 8, p: 1 };
  const secret = utf8Encode('a key');

  it('come back with the passphrase, however its accents were typed', async () => {
    const wrapped = await wrapWithPassphrase(nativeCrypto, { passphrase: 'caf\u00e9', secret, random }, cost);
    expect(await unwrapWithPassphrase(portableCrypto, { passphrase: 'cafe\u0301', wrapped })).toEqual(secret);
    expect(await unwrapWithPassphrase(nativeCrypto, { passphrase: 'cafe', wrapped })).toBeUndefined();
  });

  it('are AES-256-GCM under the scrypt of node:crypto', async () => {
    const wrapped = await wrapWithPassphrase(nativeCrypto, { passphrase: 'open', secret, random }, cost);
    const key = scryptSync('open', wrapped.subarray(4, 20), 32, { N: 1_024, r: 8, p: 1 });
    expect(nativeCrypto.aeadOpen(key, new Uint8Array(12), wrapped.subarray(0, 20), wrapped.subarray(20))).toEqual(
      secret,
    );
  });

  it('refuses changed bytes, and parameters that would take all memory', async () => {
    const wrapped = await wrapWithPassphrase(nativeCrypto, { passphrase: 'open', secret, random }, cost);
    for (const [index, byte] of [
      [0, 2],
      [1, 21],
      [1, 0],
      [2, 9],
      [3, 5],
      [5, wrapped[5]! ^ 1],
      [wrapped.length - 1, wrapped.at(-1)! ^ 1],
    ] as const) {
      const changed = wrapped.with(index, byte);
      expect(await unwrapWithPassphrase(nativeCrypto, { passphrase: 'open', wrapped: changed })).toBeUndefined();
    }
    expect(
      await unwrapWithPassphrase(nativeCrypto, { passphrase: 'open', wrapped: new Uint8Array(35) }),
    ).toBeUndefined();
    await expect(wrapWithPassphrase(nativeCrypto, { passphrase: '', secret, random }, cost)).rejects.toThrow(
      RangeError,
    );
    const tooMuch = { logN: 21, r: 8, p: 1 };
    const rejected = wrapWithPassphrase(nativeCrypto, { passphrase: 'x', secret, random }, tooMuch);
    await expect(rejected).rejects.toThrow(RangeError);
  });
});
