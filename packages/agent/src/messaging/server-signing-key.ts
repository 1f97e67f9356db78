/**
 * The key that the server signs documents with, of the key that it proves in the handshake: the inverse of the birational map
 * of RFC 7748 §4.1. It leaves the sign of one coordinate open, so there are two candidates; the one under which the
 * server's own signature is valid is the one.
 */
import { isSigningKeyOf } from '@sealane/e2ee/identity';

/** The prime of the field, 2^255 - 19. */
const P = 2n ** 255n - 19n;
const KEY_BYTES = 32;

/** @param serverKey X25519 public key, 32 bytes. @returns Ed25519 public keys, 32 bytes each; none for a key that has none. */
export function signingKeyCandidates(serverKey: Uint8Array): readonly Uint8Array[] {
  const u = (fromLittleEndian(serverKey) % 2n ** 255n) % P;
  // y = (u - 1) / (u + 1)
  const y = (modulo(u - 1n) * inverse(modulo(u + 1n))) % P;
  const positive = toLittleEndian(y);
  const negative = Uint8Array.from(positive);
  negative[KEY_BYTES - 1] = (negative[KEY_BYTES - 1] ?? 0) | 0x80;
  return [positive, negative].filter((key) => isSigningKeyOf(key, serverKey));
}

function modulo(value: bigint): bigint {
  return ((value % P) + P) % P;
}

/** By Fermat's little theorem. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value;
  for (let exponent = P - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % P;
    base = (base * base) % P;
  }
  return result;
}

function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function toLittleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: KEY_BYTES }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
