/**
 * Key successions: by one the old identity of a server names the next, so that agents follow a rotation without a
 * person (transport.md, "Rotation without touching the fleet"). Up to four in a row lead from the key an agent knows to
 * the key the server proves. Whether that key is proved is the handshake's business, not this file's.
 *
 *     version 0x01 (1) ‖ oldKey (32) ‖ newKey (32) ‖ oldSigningKey (32) ‖ notAfter (u64) ‖ signature (64)
 */
import { ByteWriter, equalBytes } from '../bytes/index.ts';
import { SIZES, ed25519ToX25519, expectSize, type Crypto, type IdentityKeys } from '../crypto/index.ts';
import { ByteReader } from './byte-reader.ts';
import { SIGNATURE_BYTES, isSignedBy, signDocument, writeSeconds } from './document.ts';

/** What a succession says. */
export interface KeySuccession {
  /** X25519 public key that signs off, 32 bytes. */
  readonly oldKey: Uint8Array;
  /** X25519 public key that takes over, 32 bytes. */
  readonly newKey: Uint8Array;
  /** Ed25519 public key that `oldKey` is the conversion of, 32 bytes. */
  readonly oldSigningKey: Uint8Array;
  /** Unix seconds; later the succession counts no more. */
  readonly notAfter: number;
}

/** Most successions in one chain; each link costs a signature check before the peer is known. */
export const SUCCESSIONS_MAX = 4;

/** Size of the document in bytes. */
export const KEY_SUCCESSION_BYTES = 1 + 3 * SIZES.x25519Key + 8 + SIGNATURE_BYTES;

const DOMAIN = 'sealane key succession 1';
const VERSION = 0x01;

/**
 * Encodes and signs the succession from `oldIdentity` to `newKey` (X25519, 32 bytes).
 *
 * @returns the document, 169 bytes.
 * @throws RangeError when the key has a wrong size, is the old one, or `notAfter` is no time.
 */
export function encodeKeySuccession(
  oldIdentity: IdentityKeys,
  { newKey, notAfter }: { readonly newKey: Uint8Array; readonly notAfter: number },
): Uint8Array {
  const oldKey = oldIdentity.static.publicKey;
  expectSize('newKey', newKey, SIZES.x25519Key);
  if (equalBytes(oldKey, newKey)) throw new RangeError('"newKey" is the old key');
  const writer = new ByteWriter().u8(VERSION).bytes(oldKey).bytes(newKey).bytes(oldIdentity.signingPublicKey);
  writeSeconds(writer, 'notAfter', notAfter);
  return signDocument(DOMAIN, writer.toBytes(), oldIdentity);
}

/** Reads a succession without checking it. @returns undefined where the bytes are not exactly one. */
export function decodeKeySuccession(bytes: Uint8Array): KeySuccession | undefined {
  if (bytes.length !== KEY_SUCCESSION_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const oldKey = reader.bytes(SIZES.x25519Key);
  const newKey = reader.bytes(SIZES.x25519Key);
  const oldSigningKey = reader.bytes(SIZES.ed25519PublicKey);
  const notAfter = reader.u64();
  if (version !== VERSION || notAfter === undefined) return undefined;
  if (oldKey === undefined || newKey === undefined || oldSigningKey === undefined) return undefined;
  return equalBytes(oldKey, newKey) ? undefined : { oldKey, newKey, oldSigningKey, notAfter };
}

/**
 * Checks one succession: its signing key converts to `knownKey`, the signature is valid, the date has not passed.
 *
 * @param knownKey X25519 public key, 32 bytes, that the verifier trusts.
 * @returns the succession, or undefined. Never throws for bytes of a peer.
 */
export function verifyKeySuccession(
  crypto: Crypto,
  bytes: Uint8Array,
  knownKey: Uint8Array,
  nowSeconds: number,
): KeySuccession | undefined {
  const succession = decodeKeySuccession(bytes);
  if (succession === undefined || nowSeconds > succession.notAfter) return undefined;
  const converted = ed25519ToX25519(succession.oldSigningKey);
  if (converted === undefined || !equalBytes(converted, knownKey)) return undefined;
  if (!equalBytes(succession.oldKey, knownKey)) return undefined;
  return isSignedBy(crypto, DOMAIN, bytes, succession.oldSigningKey) ? succession : undefined;
}

/** What `followKeySuccessions` starts from and should arrive at. */
export interface SuccessionChain {
  /** Documents of the server, oldest first, at most `SUCCESSIONS_MAX`. */
  readonly documents: readonly Uint8Array[];
  /** X25519 public key that the agent knows, 32 bytes. */
  readonly knownKey: Uint8Array;
  /** X25519 public key that the server proved, 32 bytes. */
  readonly provedKey: Uint8Array;
  /** Unix seconds. */
  readonly nowSeconds: number;
}

/**
 * Whether the documents lead from `knownKey` to `provedKey`. Links before the known key are passed over, since an agent
 * may have followed a part of the chain earlier. From the first link on each must be valid and lead to the next.
 * Never throws for bytes of a peer.
 */
export function followKeySuccessions(crypto: Crypto, chain: SuccessionChain): boolean {
  const { documents, knownKey, provedKey, nowSeconds } = chain;
  if (documents.length > SUCCESSIONS_MAX) return false;
  let key = knownKey;
  for (const document of documents) {
    const succession = verifyKeySuccession(crypto, document, key, nowSeconds);
    if (succession !== undefined) key = succession.newKey;
    else if (key !== knownKey) return false;
  }
  return key !== knownKey && equalBytes(key, provedKey);
}
