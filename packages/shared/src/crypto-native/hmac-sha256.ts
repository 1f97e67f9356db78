/**
 * HMAC-SHA-256 (RFC 2104) over the one-shot hash of `node:crypto`: 2.4 µs, where `createHmac` with a key object costs 4.0
 * and leaves two objects of OpenSSL to V8's next full collection. A handshake makes 16 of them (docs/decisions/0009).
 */
import { hash } from 'node:crypto';
import { wipe } from '../bytes/index.ts';

/** Block of SHA-256: the size to which a key is padded. */
const BLOCK_BYTES = 64;
const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/** For what is hashed; zero between calls. */
const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES);
const innerOfShort = new Uint8Array(512);

/** 32 bytes, in a new array. Keys of any size; one of more than 64 bytes is hashed first (§2). */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  const size = BLOCK_BYTES + data.length;
  const inner = size <= innerOfShort.length ? innerOfShort.subarray(0, size) : new Uint8Array(size);
  pad(key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key, inner);
  inner.set(data, BLOCK_BYTES);
  const innerHash = hash('sha256', inner, 'buffer');
  outer.set(innerHash, BLOCK_BYTES);
  const mac = hash('sha256', outer, 'buffer');
  wipe(inner, innerHash, outer);
  return mac;
}

/** The padded key into the first blocks of `inner` and `outer`. */
function pad(key: Uint8Array, inner: Uint8Array): void {
  for (let index = 0; index < BLOCK_BYTES; index++) {
    const byte = index < key.length ? key[index]! : 0;
    inner[index] = byte ^ INNER_PAD;
    outer[index] = byte ^ OUTER_PAD;
  }
}
