/**
 * Enrolment tokens: what an operator hands to a new agent (transport.md, "Agent identity"). A token is a document
 * signed by its server; it carries the server's key, so that the first contact is authenticated. That it works once is
 * the business of the server, which records redemptions by `tokenId`.
 *
 *     version 0x01 (1) ‖ tokenId (16) ‖ serverKey (32) ‖ issuedAt (u64) ‖ expiresAt (u64)
 *       ‖ flags (1) ‖ agentId size (1) ‖ agentId (UTF-8) ‖ signature (64)
 */
import { ByteWriter, fromBase64, toBase64Url, utf8Decode, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto, type DocumentSigner } from '../crypto/index.ts';
import { ByteReader } from './byte-reader.ts';
import { SIGNATURE_BYTES, isSignedBy, signDocument, writeSeconds } from './document.ts';

/** What a token says. */
export interface EnrolmentToken {
  /** 16 random bytes; the server redeems each once. */
  readonly tokenId: Uint8Array;
  /** X25519 public key of the server, 32 bytes. */
  readonly serverKey: Uint8Array;
  /** The only id that may be enrolled with it, 1 to 64 bytes of UTF-8; without it any free id. */
  readonly agentId?: string;
  /** Whether the bound id may change its key (a lost disk); needs `agentId`. */
  readonly replace: boolean;
  /** Unix seconds. */
  readonly issuedAt: number;
  /** Unix seconds, above `issuedAt`; from this second on the token is refused. */
  readonly expiresAt: number;
}

/** Result of `verifyEnrolmentToken`. */
export type EnrolmentTokenResult =
  | { readonly ok: true; readonly token: EnrolmentToken }
  | { readonly ok: false; readonly code: 'E_TOKEN_INVALID' | 'E_TOKEN_EXPIRED' };

/** A token read from its text: enough for an agent, which cannot and need not check the signature. */
export interface ParsedEnrolmentToken {
  readonly token: EnrolmentToken;
  /** The signed document, as it travels in packet 0x03. */
  readonly bytes: Uint8Array;
}

/** Longest agent id in a token, bytes of UTF-8. */
export const TOKEN_AGENT_ID_BYTES_MAX = 64;

const DOMAIN = 'sealane enrolment token 1';
const TEXT_PREFIX = 'sealane-token-';
const VERSION = 0x01;
const TOKEN_ID_BYTES = 16;
const FLAG_REPLACE = 0x01;
const TOKEN_BYTES_MAX =
  1 + TOKEN_ID_BYTES + SIZES.x25519Key + 8 + 8 + 1 + 1 + TOKEN_AGENT_ID_BYTES_MAX + SIGNATURE_BYTES;
const TEXT_LENGTH_MAX = TEXT_PREFIX.length + Math.ceil((TOKEN_BYTES_MAX * 4) / 3);

/**
 * Encodes and signs a token.
 *
 * @returns the document, 131 bytes and those of the agent id.
 * @throws RangeError for a field outside its range.
 */
export function encodeEnrolmentToken(token: EnrolmentToken, signer: DocumentSigner): Uint8Array {
  const agentId = token.agentId === undefined ? undefined : utf8Encode(token.agentId);
  expectSize('tokenId', token.tokenId, TOKEN_ID_BYTES);
  expectSize('serverKey', token.serverKey, SIZES.x25519Key);
  if (token.expiresAt <= token.issuedAt) throw new RangeError('"expiresAt" must be later than "issuedAt"');
  if (token.replace && agentId === undefined) throw new RangeError('"replace" needs "agentId"');
  if (token.agentId?.isWellFormed() === false) throw new RangeError('"agentId" holds half a character');
  if (agentId !== undefined && (agentId.length === 0 || agentId.length > TOKEN_AGENT_ID_BYTES_MAX)) {
    throw new RangeError(`"agentId" expected 1 to ${TOKEN_AGENT_ID_BYTES_MAX} bytes, got ${agentId.length}`);
  }
  const writer = new ByteWriter().u8(VERSION).bytes(token.tokenId).bytes(token.serverKey);
  writeSeconds(writer, 'issuedAt', token.issuedAt);
  writeSeconds(writer, 'expiresAt', token.expiresAt);
  writer.u8(token.replace ? FLAG_REPLACE : 0);
  writer.u8(agentId?.length ?? 0);
  if (agentId !== undefined) writer.bytes(agentId);
  return signDocument(DOMAIN, writer.toBytes(), signer);
}

/** The text that `enrol` prints and `--token` takes: `sealane-token-` and URL-safe base64. */
export function enrolmentTokenText(bytes: Uint8Array): string {
  return TEXT_PREFIX + toBase64Url(bytes);
}

/**
 * Reads a token's text. The signature is not checked; white space around it (a file's line end) is ignored.
 *
 * @returns undefined where the text is not a token, truncated ones included.
 */
export function parseEnrolmentToken(text: string): ParsedEnrolmentToken | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith(TEXT_PREFIX) || trimmed.length > TEXT_LENGTH_MAX) return undefined;
  const bytes = fromBase64(trimmed.slice(TEXT_PREFIX.length));
  if (bytes === undefined || enrolmentTokenText(bytes) !== trimmed) return undefined;
  const token = decodeEnrolmentToken(bytes);
  return token === undefined ? undefined : { token, bytes };
}

/**
 * Checks structure, signature and date of a token, in this order. Never throws for bytes of a peer.
 *
 * @param signingPublicKey Ed25519 public key of the server, 32 bytes.
 * @param nowSeconds unix seconds.
 */
export function verifyEnrolmentToken(
  crypto: Crypto,
  bytes: Uint8Array,
  signingPublicKey: Uint8Array,
  nowSeconds: number,
): EnrolmentTokenResult {
  const token = decodeEnrolmentToken(bytes);
  if (token === undefined || !isSignedBy(crypto, DOMAIN, bytes, signingPublicKey)) {
    return { ok: false, code: 'E_TOKEN_INVALID' };
  }
  return nowSeconds < token.expiresAt ? { ok: true, token } : { ok: false, code: 'E_TOKEN_EXPIRED' };
}

/** Strict: exactly one encoding of each token is accepted. */
function decodeEnrolmentToken(bytes: Uint8Array): EnrolmentToken | undefined {
  if (bytes.length > TOKEN_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const tokenId = reader.bytes(TOKEN_ID_BYTES);
  const serverKey = reader.bytes(SIZES.x25519Key);
  const issuedAt = reader.u64();
  const expiresAt = reader.u64();
  const flags = reader.u8();
  const agentIdSize = reader.u8();
  const agentId = utf8Decode(reader.bytes(agentIdSize ?? 0) ?? new Uint8Array());
  reader.bytes(SIGNATURE_BYTES);
  if (!reader.atEnd() || version !== VERSION || tokenId === undefined || serverKey === undefined) return undefined;
  if (issuedAt === undefined || expiresAt === undefined || expiresAt <= issuedAt) return undefined;
  if (agentId === undefined || (flags !== 0 && flags !== FLAG_REPLACE)) return undefined;
  const replace = flags === FLAG_REPLACE;
  if (agentIdSize === 0) return replace ? undefined : { tokenId, serverKey, replace, issuedAt, expiresAt };
  return { tokenId, serverKey, agentId, replace, issuedAt, expiresAt };
}
