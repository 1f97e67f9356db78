/** HKDF with SHA-256 (RFC 5869), over the HMAC of either implementation. */
import { concat, wipe } from '../bytes/index.ts';
import { SIZES, type Crypto } from './crypto.ts';

/** RFC 5869 §2.3: at most 255 blocks. */
const OUTPUT_BYTES_MAX = 255 * SIZES.hash;

/**
 * HKDF-Extract (RFC 5869 §2.2), arguments in the order of the RFC.
 *
 * @param salt any size; an empty one counts as 32 zero bytes.
 * @returns the pseudo-random key, 32 bytes.
 */
export function hkdfExtract(crypto: Crypto, salt: Uint8Array, inputKeyMaterial: Uint8Array): Uint8Array {
  return crypto.hmacSha256(salt.length === 0 ? new Uint8Array(SIZES.hash) : salt, inputKeyMaterial);
}

/**
 * HKDF-Expand (RFC 5869 §2.3).
 *
 * @param pseudoRandomKey 32 bytes, of `hkdfExtract` or equally random.
 * @param size of the output in bytes, at most 8,160.
 * @throws RangeError when `size` is out of range.
 */
export function hkdfExpand(crypto: Crypto, pseudoRandomKey: Uint8Array, info: Uint8Array, size: number): Uint8Array {
  if (!Number.isInteger(size) || size < 0 || size > OUTPUT_BYTES_MAX) {
    throw new RangeError(`"size" expected an integer from 0 to ${OUTPUT_BYTES_MAX}, got ${size}`);
  }
  const output = new Uint8Array(size);
  let block = new Uint8Array(0) as Uint8Array;
  for (let offset = 0, counter = 1; offset < size; offset += SIZES.hash, counter++) {
    const input = concat(block, info, Uint8Array.of(counter));
    wipe(block);
    block = crypto.hmacSha256(pseudoRandomKey, input);
    wipe(input);
    output.set(block.subarray(0, size - offset), offset);
  }
  wipe(block);
  return output;
}
