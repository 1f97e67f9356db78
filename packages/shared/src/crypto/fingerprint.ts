/** Fingerprints of public keys, in the form people compare and pass as `--server-key`. */
import { fromBase64, toBase64 } from '../bytes/index.ts';
import { SIZES, type Crypto } from './crypto.ts';
import { expectSize } from './expect-size.ts';

const PREFIX = 'SHA256:';

/** `SHA256:` and the unpadded base64 of SHA-256 over a raw 32-byte public key: 50 characters. */
export function fingerprint(crypto: Crypto, publicKey: Uint8Array): string {
  expectSize('publicKey', publicKey, SIZES.x25519Key);
  return PREFIX + toBase64(crypto.sha256(publicKey));
}

/** The hash in a fingerprint, 32 bytes. @returns undefined where the text is not exactly what `fingerprint` gives. */
export function parseFingerprint(text: string): Uint8Array | undefined {
  if (!text.startsWith(PREFIX)) return undefined;
  const hash = fromBase64(text.slice(PREFIX.length));
  // Only the one form is accepted, so that two spellings never name one key.
  return hash?.length === SIZES.hash && PREFIX + toBase64(hash) === text ? hash : undefined;
}
