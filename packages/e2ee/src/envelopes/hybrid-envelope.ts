/**
 * Envelopes of clients that bring their own encryption: AES-256-GCM under a fresh key, and that key under RSA-OAEP with
 * SHA-256 for each recipient. The server carries them as they are. They have no forward secrecy: whoever gets a private
 * key reads everything that was ever sent to it. Between our own clients MLS is used instead.
 *
 * All bytes are base64. Two layouts of the same thing: one recipient (`encryptedMessage`, `encryptedKey`, `iv`), or many
 * (`encryptedContent`, `iv`, `recipientKeys` by name). The ciphertext ends in its tag of 16 bytes, as WebCrypto has it.
 */
import { fromBase64, wipe } from '@sealane/shared/bytes';
import { SIZES, type Random } from '@sealane/shared/crypto';
import { importPrivateKey, importPublicKey, type Subtle } from './envelope-keys.ts';
import { paddedBase64 } from './padded-base64.ts';

/** An envelope for one recipient. */
export interface DirectEnvelope {
  readonly encryptedMessage: string;
  readonly encryptedKey: string;
  readonly iv: string;
}

/** An envelope for many. */
export interface SharedEnvelope {
  readonly encryptedContent: string;
  readonly iv: string;
  /** The content's key for each recipient, by name. */
  readonly recipientKeys: Readonly<Record<string, string>>;
}

/** Bytes of the largest content: 1 MiB. */
export const ENVELOPE_BYTES_MAX = 1_048_576;
/** Recipients of one envelope: each costs an RSA operation. */
export const ENVELOPE_RECIPIENTS_MAX = 1_024;

const OAEP = { name: 'RSA-OAEP' } as const;
const GCM = 'AES-GCM';
/** Characters of the base64 of the largest content with its tag. */
const CONTENT_CHARS_MAX = Math.ceil((ENVELOPE_BYTES_MAX + SIZES.aeadTag) / 3) * 4;

/**
 * Seals for one recipient.
 *
 * @param publicKey PEM.
 * @throws ConfigError `E_KEY_FILE` for a key that is none; RangeError past the limits.
 */
export async function sealDirectEnvelope(
  subtle: Subtle,
  { plaintext, publicKey, random }: { plaintext: Uint8Array; publicKey: string; random: Random },
): Promise<DirectEnvelope> {
  const recipients = new Map([['', publicKey]]);
  const { encryptedContent, iv, recipientKeys } = await sealSharedEnvelope(subtle, { plaintext, recipients, random });
  return { encryptedMessage: encryptedContent, encryptedKey: recipientKeys[''] ?? '', iv };
}

/**
 * Seals for many recipients at once.
 *
 * @param recipients PEM by name.
 * @throws ConfigError `E_KEY_FILE` for a key that is none; RangeError past the limits.
 */
export async function sealSharedEnvelope(
  subtle: Subtle,
  { plaintext, recipients, random }: { plaintext: Uint8Array; recipients: ReadonlyMap<string, string>; random: Random },
): Promise<SharedEnvelope> {
  if (plaintext.length > ENVELOPE_BYTES_MAX) throw new RangeError(`a content of ${plaintext.length} bytes`);
  if (recipients.size === 0 || recipients.size > ENVELOPE_RECIPIENTS_MAX) {
    throw new RangeError(`expected 1 to ${ENVELOPE_RECIPIENTS_MAX} recipients, got ${recipients.size}`);
  }
  const key = Uint8Array.from(random(SIZES.aeadKey));
  const iv = Uint8Array.from(random(SIZES.aeadNonce));
  try {
    const contentKey = await subtle.importKey('raw', key, GCM, false, ['encrypt']);
    const sealed = await subtle.encrypt({ name: GCM, iv }, contentKey, Uint8Array.from(plaintext));
    const recipientKeys: [string, string][] = [];
    for (const [name, publicKey] of recipients) {
      const encrypted = await subtle.encrypt(OAEP, await importPublicKey(subtle, publicKey), key);
      recipientKeys.push([name, paddedBase64(new Uint8Array(encrypted))]);
    }
    return {
      encryptedContent: paddedBase64(new Uint8Array(sealed)),
      iv: paddedBase64(iv),
      // Own entries, whatever the names are: `__proto__` is one too.
      recipientKeys: Object.fromEntries(recipientKeys),
    };
  } finally {
    wipe(key);
  }
}

/**
 * Opens an envelope for one recipient.
 *
 * @param privateKey PEM.
 * @returns the content, or undefined where the envelope is damaged or for another key.
 * @throws ConfigError `E_KEY_FILE` where the private key is none.
 */
export async function openDirectEnvelope(
  subtle: Subtle,
  { envelope, privateKey }: { envelope: DirectEnvelope; privateKey: string },
): Promise<Uint8Array | undefined> {
  const key = await importPrivateKey(subtle, privateKey);
  if (envelope.encryptedMessage.length > CONTENT_CHARS_MAX) return undefined;
  const sealed = fromBase64(envelope.encryptedMessage);
  const encryptedKey = fromBase64(envelope.encryptedKey);
  const iv = fromBase64(envelope.iv);
  if (sealed === undefined || encryptedKey === undefined || iv?.length !== SIZES.aeadNonce) return undefined;
  try {
    const raw = new Uint8Array(await subtle.decrypt(OAEP, key, Uint8Array.from(encryptedKey)));
    // A shorter key would be taken as AES-128.
    if (raw.length !== SIZES.aeadKey) return undefined;
    const contentKey = await subtle.importKey('raw', raw, GCM, false, ['decrypt']);
    wipe(raw);
    return new Uint8Array(
      await subtle.decrypt({ name: GCM, iv: Uint8Array.from(iv) }, contentKey, Uint8Array.from(sealed)),
    );
  } catch {
    // WebCrypto says of all wrong bytes the same, and so do we.
    return undefined;
  }
}

/** As `openDirectEnvelope`, for the recipient of this name; undefined also where it is none. */
export async function openSharedEnvelope(
  subtle: Subtle,
  { envelope, name, privateKey }: { envelope: SharedEnvelope; name: string; privateKey: string },
): Promise<Uint8Array | undefined> {
  if (!Object.hasOwn(envelope.recipientKeys, name)) return undefined;
  const { encryptedContent: encryptedMessage, iv } = envelope;
  const direct = { encryptedMessage, iv, encryptedKey: envelope.recipientKeys[name] ?? '' };
  return openDirectEnvelope(subtle, { envelope: direct, privateKey });
}
