/**
 * A seed under a passphrase: Argon2id (RFC 9106) makes the key, AES-256-GCM seals. Parameters are stored with it and
 * bounded when they are read, so that a foreign file cannot ask for a gibibyte (fault A10).
 */
import { argon2, createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { concat, fromBase64, toBase64, wipe } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';

const deriveKey = promisify(argon2);

/** RFC 9106 §4, second recommendation: 64 MiB, three passes; one lane, because the machine may have one core. */
const PARAMETERS = { memoryKiB: 65_536, passes: 3, parallelism: 1 } as const;
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const SEED_BYTES = 32;

/** The form in a key file. */
export const sealedSeedSchema = z.strictObject({
  kdf: z.literal('argon2id'),
  memoryKiB: z.int().check(z.minimum(8_192), z.maximum(262_144)),
  passes: z.int().check(z.minimum(1), z.maximum(10)),
  parallelism: z.int().check(z.minimum(1), z.maximum(4)),
  salt: z.string().check(z.maxLength(64)),
  nonce: z.string().check(z.maxLength(64)),
  ciphertext: z.string().check(z.maxLength(128)),
});
export type SealedSeed = z.infer<typeof sealedSeedSchema>;

/**
 * Seals a seed.
 *
 * @param seed 32 bytes.
 * @param associatedData bound to the ciphertext: the clear part of the key file.
 */
export async function sealSeed(seed: Uint8Array, passphrase: string, associatedData: Uint8Array): Promise<SealedSeed> {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await keyOf(passphrase, salt, PARAMETERS);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associatedData);
  const ciphertext = concat(cipher.update(seed), cipher.final(), cipher.getAuthTag());
  wipe(key);
  return {
    kdf: 'argon2id',
    ...PARAMETERS,
    salt: toBase64(salt),
    nonce: toBase64(nonce),
    ciphertext: toBase64(ciphertext),
  };
}

/**
 * Opens a sealed seed.
 *
 * @returns the seed, 32 bytes, or undefined where its fields have wrong sizes.
 * @throws ConfigError `E_PASSPHRASE` when the passphrase does not open it.
 */
export async function openSeed(
  sealed: SealedSeed,
  passphrase: string,
  associatedData: Uint8Array,
): Promise<Uint8Array | undefined> {
  const [salt, nonce, ciphertext] = [sealed.salt, sealed.nonce, sealed.ciphertext].map(fromBase64);
  if (salt?.length !== SALT_BYTES || nonce?.length !== NONCE_BYTES) return undefined;
  if (ciphertext?.length !== SEED_BYTES + TAG_BYTES) return undefined;
  const key = await keyOf(passphrase, salt, sealed);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(associatedData).setAuthTag(ciphertext.subarray(SEED_BYTES));
  try {
    return concat(decipher.update(ciphertext.subarray(0, SEED_BYTES)), decipher.final());
  } catch {
    throw new ConfigError('E_PASSPHRASE', 'The passphrase does not open the key file');
  } finally {
    wipe(key);
  }
}

async function keyOf(
  passphrase: string,
  salt: Uint8Array,
  { memoryKiB, passes, parallelism }: Pick<SealedSeed, 'memoryKiB' | 'passes' | 'parallelism'>,
): Promise<Uint8Array> {
  const message = Buffer.from(passphrase.normalize('NFC'), 'utf8');
  return await deriveKey('argon2id', {
    message,
    nonce: salt,
    parallelism,
    memory: memoryKiB,
    passes,
    tagLength: KEY_BYTES,
  });
}
