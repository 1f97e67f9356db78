/**
 * The code that a new device shows and a listed one is given (docs/protocols/messaging.md §10): everything that the statement
 * about the new device needs, so that the server can exchange nothing of it.
 *
 * version u8 ‖ link id 16 ‖ X25519 key for the answer 32 ‖ transport key 32 ‖ signing key 32 ‖ length u8 ‖ agent id ‖
 * length u8 ‖ name ‖ first 4 bytes of the SHA-256 of all before
 */
import { ByteWriter, fromBase64, toBase64Url, utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import { isAgentName } from '@sealane/shared/documents';
import { LINK_ID_BYTES, X25519_KEY_BYTES } from '@sealane/shared/packets';

/** What the code says about the new device. */
export interface LinkCode {
  readonly link: Uint8Array;
  /** X25519 public key that the answer is sealed to. */
  readonly boxKey: Uint8Array;
  readonly transportKey: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly agentId: string;
  readonly name: string;
}

const PREFIX = 'sealane-link-';
const VERSION = 0x01;
const CHECKSUM_BYTES = 4;
const FIXED_BYTES = 1 + LINK_ID_BYTES + 3 * X25519_KEY_BYTES;
const CODE_CHARACTERS_MAX = 512;

/** A text without spaces. */
export function encodeLinkCode(crypto: Crypto, code: LinkCode): string {
  const agentId = utf8Encode(code.agentId);
  const name = utf8Encode(code.name);
  const writer = new ByteWriter().u8(VERSION).bytes(code.link).bytes(code.boxKey).bytes(code.transportKey);
  writer.bytes(code.signingKey).u8(agentId.length).bytes(agentId).u8(name.length).bytes(name);
  const body = writer.toBytes();
  const checksum = crypto.sha256(body).subarray(0, CHECKSUM_BYTES);
  return PREFIX + toBase64Url(writer.bytes(checksum).toBytes());
}

/** Undefined for what is no whole code, or was mistyped. */
export function decodeLinkCode(crypto: Crypto, text: string): LinkCode | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX) || trimmed.length > CODE_CHARACTERS_MAX) return undefined;
  const bytes = fromBase64Url(trimmed.slice(PREFIX.length));
  if (bytes === undefined || bytes[0] !== VERSION || bytes.length < FIXED_BYTES + 2 + CHECKSUM_BYTES) return undefined;
  const body = bytes.subarray(0, -CHECKSUM_BYTES);
  const checksum = crypto.sha256(body).subarray(0, CHECKSUM_BYTES);
  if (!checksum.every((byte, index) => byte === bytes[body.length + index])) return undefined;
  let at = 1;
  const take = (size: number): Uint8Array => body.slice(at, (at += size));
  const [link, boxKey, transportKey, signingKey] = [LINK_ID_BYTES, 32, 32, 32].map(take);
  const agentId = utf8Decode(take(take(1)[0] ?? 0));
  const name = utf8Decode(take(take(1)[0] ?? 0));
  const isWhole = at === body.length && agentId !== undefined && isAgentName(agentId) && name !== undefined;
  if (!isWhole || !link || !boxKey || !transportKey || !signingKey) return undefined;
  return { link, boxKey, transportKey, signingKey, agentId, name };
}

function fromBase64Url(text: string): Uint8Array | undefined {
  if (!/^[\w-]+$/.test(text)) return undefined;
  const plain = text.replaceAll('-', '+').replaceAll('_', '/');
  return fromBase64(plain.padEnd(Math.ceil(plain.length / 4) * 4, '='));
}
