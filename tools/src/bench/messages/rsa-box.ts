/**
 * What chats without a ratchet do, two of the earlier systems among them: a fresh AES-256-GCM key for each message, wrapped with
 * RSA-OAEP-4096 for each recipient, all of it signed with RSA-PSS. Native, synchronous, keys made beforehand.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import type { MessageBox } from './message-box.ts';

const MODULUS_BITS = 4_096;
const RSA_BYTES = MODULUS_BITS / 8;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING } as const;

/** A sender, and recipients who share one key pair: making thousands of them would only take time. */
export class RsaMessages {
  readonly #signing = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  readonly #recipient = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });

  /** Wrapped key for each recipient ‖ iv ‖ tag ‖ ciphertext ‖ signature. */
  seal(plaintext: Uint8Array, recipients: number): Uint8Array {
    const [key, iv] = [randomBytes(32), randomBytes(IV_BYTES)];
    const cipher = createCipheriv('aes-256-gcm', key, iv);
    const content = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    const wrapped: Buffer[] = [];
    for (let index = 0; index < recipients; index++)
      wrapped.push(publicEncrypt({ key: this.#recipient.publicKey, oaepHash: 'sha256' }, key));
    const unsigned = Buffer.concat([...wrapped, iv, cipher.getAuthTag(), content]);
    const signature = sign('sha256', unsigned, { key: this.#signing.privateKey, ...PSS });
    return Buffer.concat([unsigned, signature]);
  }

  /** @param recipients for how many it was sealed; the first opens it. */
  open(sealed: Uint8Array, recipients: number): Uint8Array {
    const unsigned = sealed.subarray(0, sealed.length - RSA_BYTES);
    const signature = sealed.subarray(sealed.length - RSA_BYTES);
    if (!verify('sha256', unsigned, { key: this.#signing.publicKey, ...PSS }, signature)) throw new Error('forged');
    const key = privateDecrypt(
      { key: this.#recipient.privateKey, oaepHash: 'sha256' },
      unsigned.subarray(0, RSA_BYTES),
    );
    const rest = unsigned.subarray(recipients * RSA_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, rest.subarray(0, IV_BYTES));
    decipher.setAuthTag(rest.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return Buffer.concat([decipher.update(rest.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
  }
}

export function rsaBox(): Promise<MessageBox> {
  const messages = new RsaMessages();
  return Promise.resolve({
    seal: (plaintext) => Promise.resolve(messages.seal(plaintext, 1)),
    open: (sealed) => Promise.resolve(messages.open(sealed, 1)),
    close: () => Promise.resolve(),
  });
}
