/**
 * Sealed boxes: something for one X25519 key, from a sender that stays unknown (X25519, XSalsa20 and Poly1305 of tweetnacl
 * under a key made for this one box). What it is for is bound to it: opened for anything else, it does not open.
 *
 *     version 0x01 (1) ‖ ephemeral public key (32) ‖ box (16 bytes more than the plaintext)
 *     nonce = SHA-512(domain ‖ 0x00 ‖ ephemeral public key ‖ recipient's key ‖ context), the first 24 bytes
 */
import { concat, utf8Encode, wipe } from '@sealane/shared/bytes';
import { SIZES, expectSize, type Crypto, type Random, type StaticKeyPair } from '@sealane/shared/crypto';
import nacl from 'tweetnacl';

/** What a box is for; both sides have to say the same. */
export interface BoxPurpose {
  /** A text of ours, such as `sealane link 1`. */
  readonly domain: string;
  /** What the box belongs to, such as a link id; may be empty. */
  readonly context: Uint8Array;
}

const VERSION = 0x01;
const BOX_OFFSET = 1 + SIZES.x25519Key;

/** Bytes that a box has more than its plaintext. */
export const SEALED_BOX_OVERHEAD_BYTES = BOX_OFFSET + nacl.box.overheadLength;

/**
 * Seals for the holder of an X25519 key.
 *
 * @param recipientKey 32 bytes.
 * @throws RangeError for a key of another size.
 * @throws ProtocolError `E_HANDSHAKE` for a key of low order, to which anything sealed would be open.
 */
export function sealBox(
  crypto: Crypto,
  purpose: BoxPurpose,
  { recipientKey, plaintext, random }: { recipientKey: Uint8Array; plaintext: Uint8Array; random: Random },
): Uint8Array {
  const secretKey = random(SIZES.x25519Key);
  expectSize('recipientKey', recipientKey, SIZES.x25519Key);
  wipe(crypto.x25519(secretKey, recipientKey));
  const publicKey = crypto.x25519PublicKey(secretKey);
  const nonce = nonceOf(crypto, purpose, { ephemeralKey: publicKey, recipientKey });
  const box = nacl.box(plaintext, nonce, recipientKey, secretKey);
  wipe(secretKey);
  return concat(Uint8Array.of(VERSION), publicKey, box);
}

/**
 * Opens a sealed box with the keys that it is for. Never throws, whatever the bytes are.
 *
 * @returns the plaintext, or undefined where the box is damaged, or for another key or purpose.
 */
export function openBox(
  crypto: Crypto,
  purpose: BoxPurpose,
  { recipient, sealed }: { recipient: StaticKeyPair; sealed: Uint8Array },
): Uint8Array | undefined {
  if (sealed.length < SEALED_BOX_OVERHEAD_BYTES || sealed[0] !== VERSION) return undefined;
  const ephemeralKey = Uint8Array.from(sealed.subarray(1, BOX_OFFSET));
  const nonce = nonceOf(crypto, purpose, { ephemeralKey, recipientKey: recipient.publicKey });
  const box = Uint8Array.from(sealed.subarray(BOX_OFFSET));
  return nacl.box.open(box, nonce, ephemeralKey, recipient.secretKey) ?? undefined;
}

function nonceOf(
  crypto: Crypto,
  { domain, context }: BoxPurpose,
  { ephemeralKey, recipientKey }: { ephemeralKey: Uint8Array; recipientKey: Uint8Array },
): Uint8Array {
  const input = concat(utf8Encode(domain), Uint8Array.of(0), ephemeralKey, recipientKey, context);
  return crypto.sha512(input).slice(0, nacl.box.nonceLength);
}
