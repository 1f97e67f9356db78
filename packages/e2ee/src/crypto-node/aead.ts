/** AES-GCM over `node:crypto`. Keys become key objects: given raw bytes, `createCipheriv` takes three times as long. */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import { plainBytes } from './kdf.ts';

const TAG_BYTES = 16;
const NONCE_BYTES = 12;

export interface Aead {
  /** Number in the registry of HPKE. */
  readonly id: number;
  readonly keyBytes: number;
  readonly nonceBytes: number;
  /** Ciphertext and tag. */
  seal(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** @throws where the tag does not fit. */
  open(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array;
}

export const aes128Gcm: Aead = makeAead('aes-128-gcm', 1, 16);
export const aes256Gcm: Aead = makeAead('aes-256-gcm', 2, 32);

function makeAead(cipher: 'aes-128-gcm' | 'aes-256-gcm', id: number, keyBytes: number): Aead {
  return {
    id,
    keyBytes,
    nonceBytes: NONCE_BYTES,
    seal(key, nonce, associated, plaintext) {
      const sealing = createCipheriv(cipher, createSecretKey(key), nonce).setAAD(associated);
      return plainBytes(Buffer.concat([sealing.update(plaintext), sealing.final(), sealing.getAuthTag()]));
    },
    open(key, nonce, associated, sealed) {
      if (sealed.length < TAG_BYTES) throw new RangeError('a sealed text is too short');
      const opening = createDecipheriv(cipher, createSecretKey(key), nonce, { authTagLength: TAG_BYTES }).setAAD(
        associated,
      );
      opening.setAuthTag(sealed.subarray(-TAG_BYTES));
      const opened = opening.update(sealed.subarray(0, -TAG_BYTES));
      opening.final();
      return plainBytes(opened);
    },
  };
}
