import { describe, expect, it } from '@jest/globals';
import { portableCrypto } from '../../crypto/index.ts';
import { CipherState } from './cipher-state.ts';

const NO_BYTES = new Uint8Array(0);
const KEY = new Uint8Array(32).fill(7);
const PLAINTEXT = Uint8Array.of(1, 2, 3);
const state = (): CipherState => new CipherState(portableCrypto, KEY.slice());
const code = (name: string): unknown => expect.objectContaining({ name: 'ProtocolError', code: name });

describe('CipherState', () => {
  it('B1: the AESGCM nonce is 32 zero bits and the counter as 64 bits, big-endian', () => {
    const cipher = state();
    cipher.setNonce(0x0102_0304_0506_0708n);
    const nonce = Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    expect(cipher.encryptWithAd(KEY, PLAINTEXT)).toEqual(portableCrypto.aeadSeal(KEY, nonce, KEY, PLAINTEXT));
    nonce[11] = 9;
    expect(cipher.encryptWithAd(KEY, PLAINTEXT)).toEqual(portableCrypto.aeadSeal(KEY, nonce, KEY, PLAINTEXT));
  });

  it('passes copies through while it has no key', () => {
    const cipher = new CipherState(portableCrypto);
    expect(cipher.hasKey()).toBe(false);
    const passed = cipher.encryptWithAd(NO_BYTES, PLAINTEXT);
    expect(passed).toEqual(PLAINTEXT);
    expect(passed).not.toBe(PLAINTEXT);
    expect(cipher.decryptWithAd(NO_BYTES, PLAINTEXT)).toEqual(PLAINTEXT);
  });

  it('T8: one failed open ends the state: nothing is opened or sealed afterwards', () => {
    const sealed = state().encryptWithAd(NO_BYTES, PLAINTEXT);
    const cipher = state();
    expect(() => cipher.decryptWithAd(Uint8Array.of(1), sealed)).toThrow(code('E_HANDSHAKE'));
    expect(() => cipher.decryptWithAd(NO_BYTES, sealed)).toThrow(code('E_HANDSHAKE'));
    expect(() => cipher.encryptWithAd(NO_BYTES, PLAINTEXT)).toThrow(code('E_HANDSHAKE'));
  });

  it('T8: less than a tag is a failed open', () => {
    for (let size = 0; size < 16; size++) {
      expect(() => state().decryptWithAd(NO_BYTES, new Uint8Array(size))).toThrow(code('E_HANDSHAKE'));
    }
  });

  it('T9: the last nonce is 2^64 - 2; then both directions refuse, and the nonce never wraps', () => {
    for (const act of [
      (cipher: CipherState) => cipher.encryptWithAd(NO_BYTES, PLAINTEXT),
      (cipher: CipherState) => cipher.decryptWithAd(NO_BYTES, new Uint8Array(16)),
    ]) {
      const cipher = state();
      cipher.setNonce(2n ** 64n - 2n);
      cipher.encryptWithAd(NO_BYTES, PLAINTEXT);
      expect(() => act(cipher)).toThrow(code('E_RECORD_LIMIT'));
      expect(() => cipher.encryptWithAd(NO_BYTES, PLAINTEXT)).toThrow(code('E_HANDSHAKE'));
    }
  });

  it('wipes its key when replaced, failed or wiped', () => {
    const keys = [KEY.slice(), KEY.slice(), KEY.slice()] as const;
    const cipher = new CipherState(portableCrypto, keys[0]);
    cipher.initializeKey(keys[1]);
    expect(keys[0]).toEqual(new Uint8Array(32));
    expect(keys[1]).toEqual(KEY);
    expect(() => cipher.decryptWithAd(NO_BYTES, new Uint8Array(16))).toThrow(code('E_HANDSHAKE'));
    expect(keys[1]).toEqual(new Uint8Array(32));
    new CipherState(portableCrypto, keys[2]).wipe();
    expect(keys[2]).toEqual(new Uint8Array(32));
  });

  it('refuses keys and nonces of a wrong size', () => {
    expect(() => new CipherState(portableCrypto, new Uint8Array(16))).toThrow(RangeError);
    expect(() => state().setNonce(2n ** 64n)).toThrow(RangeError);
    expect(() => state().setNonce(-1n)).toThrow(RangeError);
  });
});
