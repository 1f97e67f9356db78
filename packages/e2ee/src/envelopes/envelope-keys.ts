/** RSA keys of envelopes (RFC 8017, OAEP with SHA-256) through WebCrypto, as PEM: SPKI and PKCS #8. */
import { ConfigError } from '@sealane/shared/errors';
import { decodePem, encodePem } from './pem.ts';

/** `crypto.subtle` of browsers and of Node. */
export type Subtle = typeof globalThis.crypto.subtle;
/** A key of WebCrypto. */
export type WebKey = Awaited<ReturnType<Subtle['importKey']>>;

/** A pair as text. */
export interface EnvelopeKeyPair {
  /** SPKI. */
  readonly publicKey: string;
  /** PKCS #8. */
  readonly privateKey: string;
}

export const MODULUS_BITS = [2_048, 3_072, 4_096] as const;

const ALGORITHM = { name: 'RSA-OAEP', hash: 'SHA-256' } as const;
const MODULUS_BITS_MIN = 2_048;
/** Above that an operation takes seconds: a way to stall whoever writes to many. */
const MODULUS_BITS_MAX = 8_192;
/** 65,537. */
const PUBLIC_EXPONENT = Uint8Array.of(1, 0, 1);

/** A fresh pair. 4,096 bits take seconds. */
export async function generateEnvelopeKeys(
  subtle: Subtle,
  modulusBits: (typeof MODULUS_BITS)[number] = 4_096,
): Promise<EnvelopeKeyPair> {
  const algorithm = { ...ALGORITHM, modulusLength: modulusBits, publicExponent: PUBLIC_EXPONENT };
  const pair = await subtle.generateKey(algorithm, true, ['encrypt', 'decrypt']);
  const publicKey = new Uint8Array(await subtle.exportKey('spki', pair.publicKey));
  const privateKey = new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey));
  return { publicKey: encodePem('PUBLIC KEY', publicKey), privateKey: encodePem('PRIVATE KEY', privateKey) };
}

/** @throws ConfigError `E_KEY_FILE` for what is not an RSA key of 2,048 to 8,192 bits. */
export function importPublicKey(subtle: Subtle, text: string): Promise<WebKey> {
  return importKey(subtle, { format: 'spki', der: decodePem('PUBLIC KEY', text), usage: 'encrypt' });
}

/** @throws ConfigError `E_KEY_FILE` for what is not an RSA key of 2,048 to 8,192 bits. */
export function importPrivateKey(subtle: Subtle, text: string): Promise<WebKey> {
  return importKey(subtle, { format: 'pkcs8', der: decodePem('PRIVATE KEY', text), usage: 'decrypt' });
}

async function importKey(
  subtle: Subtle,
  { format, der, usage }: { format: 'spki' | 'pkcs8'; der: Uint8Array | undefined; usage: 'encrypt' | 'decrypt' },
): Promise<WebKey> {
  if (der === undefined) throw new ConfigError('E_KEY_FILE', 'this is not an RSA key in PEM');
  let key: WebKey;
  try {
    key = await subtle.importKey(format, Uint8Array.from(der), ALGORITHM, false, [usage]);
  } catch (cause) {
    throw new ConfigError('E_KEY_FILE', 'this is not an RSA key', { cause });
  }
  const bits = (key.algorithm as { readonly modulusLength?: number }).modulusLength ?? 0;
  if (bits >= MODULUS_BITS_MIN && bits <= MODULUS_BITS_MAX) return key;
  throw new ConfigError(
    'E_KEY_FILE',
    `an RSA key of ${bits} bits, expected ${MODULUS_BITS_MIN} to ${MODULUS_BITS_MAX}`,
  );
}
