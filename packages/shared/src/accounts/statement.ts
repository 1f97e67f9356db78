/**
 * Statements: the signed documents of which the log of an account consists (docs/protocols/messaging-formats.md §1). Each
 * names the hash of the one before it. What a statement may say at its place is the business of `account-log.ts`.
 *
 *     version 0x01 (1) ‖ index (u32) ‖ previous (32) ‖ at (u64) ‖ author (32) ‖ kind (1) ‖ fields ‖ signature (64)
 *
 *     0x01 genesis        username ‖ recoveryKey (32) ‖ firstSigningKey (32)
 *     0x02 add-device     agentId ‖ transportKey (32) ‖ signingKey (32) ‖ name ‖ notBefore (u64) ‖ notAfter (u64)
 *     0x03 revoke-device  agentId
 *     0x04 profile        displayName
 *     0x05 reset          recoveryKey (32)
 *
 * A text is its size (1) and its UTF-8.
 */
import { ByteWriter, utf8Decode, utf8Encode } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto, type DocumentSigner } from '../crypto/index.ts';
import {
  ByteReader,
  SIGNATURE_BYTES,
  isAgentName,
  isSignedBy,
  signDocument,
  writeSeconds,
} from '../documents/index.ts';
import { STATEMENT_BYTES_MAX, USERNAME_BYTES_MAX } from '../packets/index.ts';

/** What a statement says. */
export type StatementContent =
  | {
      readonly kind: 'genesis';
      readonly username: string;
      /** Ed25519 public key that outranks devices, 32 bytes. */
      readonly recoveryKey: Uint8Array;
      /** Ed25519 public key of the device that makes the account, 32 bytes. */
      readonly firstSigningKey: Uint8Array;
    }
  | {
      readonly kind: 'add-device';
      readonly agentId: string;
      /** X25519 public key that the device proves to the server, 32 bytes. */
      readonly transportKey: Uint8Array;
      /** Ed25519 public key that signs its messages and statements, 32 bytes. */
      readonly signingKey: Uint8Array;
      /** What its owner calls it, 0 to 64 bytes. */
      readonly name: string;
      /** Unix seconds. */
      readonly notBefore: number;
      /** Unix seconds, above `notBefore`, at most 90 days later. */
      readonly notAfter: number;
    }
  | { readonly kind: 'revoke-device'; readonly agentId: string }
  | { readonly kind: 'profile'; readonly displayName: string }
  | { readonly kind: 'reset'; readonly recoveryKey: Uint8Array };

/** One statement. */
export interface Statement {
  /** Place in the log, from 0. */
  readonly index: number;
  /** SHA-256 of the statement before it, 32 bytes; zeros in a genesis. */
  readonly previous: Uint8Array;
  /** Unix seconds by the clock of the author. */
  readonly at: number;
  /** Ed25519 public key that signed it, 32 bytes. */
  readonly author: Uint8Array;
  readonly content: StatementContent;
}

/** What `encodeStatement` needs; the author is the signer. */
export type StatementFields = Omit<Statement, 'author'>;

/** `previous` of a genesis: 32 zero bytes. */
export const GENESIS_PREVIOUS: Uint8Array = new Uint8Array(SIZES.hash);
/** Longest life of the certificate of a device, in seconds: 90 days. */
export const CERTIFICATE_SECONDS_MAX = 7_776_000;
/** Bytes of the name of a device, and of a display name. */
export const SHOWN_NAME_BYTES_MAX = 64;

const DOMAIN = 'sealane statement 1';
const VERSION = 0x01;
const INDEX_MAX = 0xffff_ffff;
const KINDS = { genesis: 0x01, 'add-device': 0x02, 'revoke-device': 0x03, profile: 0x04, reset: 0x05 } as const;

/**
 * Encodes and signs a statement.
 *
 * @throws RangeError for a field outside its range.
 */
export function encodeStatement(fields: StatementFields, signer: DocumentSigner): Uint8Array {
  const { index, previous, at, content } = fields;
  if (!Number.isInteger(index) || index < 0 || index > INDEX_MAX) throw new RangeError(`"index" is ${index}`);
  expectSize('previous', previous, SIZES.hash);
  const writer = new ByteWriter().u8(VERSION).u32(index).bytes(previous);
  writeSeconds(writer, 'at', at);
  writer.bytes(signer.signingPublicKey).u8(KINDS[content.kind]);
  writeContent(writer, content);
  return signDocument(DOMAIN, writer.toBytes(), signer);
}

/** Reads a statement without checking its signature. @returns undefined where the bytes are not exactly one. */
export function decodeStatement(bytes: Uint8Array): Statement | undefined {
  if (bytes.length > STATEMENT_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const index = reader.u32();
  const previous = reader.bytes(SIZES.hash);
  const at = reader.u64();
  const author = reader.bytes(SIZES.ed25519PublicKey);
  const content = readContent(reader, reader.u8());
  reader.bytes(SIGNATURE_BYTES);
  if (!reader.atEnd() || version !== VERSION || index === undefined || at === undefined) return undefined;
  if (previous === undefined || author === undefined || content === undefined) return undefined;
  return { index, previous, at, author, content };
}

/** Whether a statement is signed by the author that it names. Never throws. */
export function isStatementSigned(crypto: Crypto, bytes: Uint8Array, author: Uint8Array): boolean {
  return isSignedBy(crypto, DOMAIN, bytes, author);
}

/** SHA-256 of a signed statement: what the next one names as `previous`. That of a genesis is the id of the account. */
export function statementHash(crypto: Crypto, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(bytes);
}

function writeContent(writer: ByteWriter, content: StatementContent): void {
  switch (content.kind) {
    case 'genesis':
      writeText(writer, 'username', content.username, USERNAME_BYTES_MAX);
      writeKey(writer, 'recoveryKey', content.recoveryKey);
      writeKey(writer, 'firstSigningKey', content.firstSigningKey);
      return;
    case 'add-device':
      writeAgentId(writer, content.agentId);
      writeKey(writer, 'transportKey', content.transportKey);
      writeKey(writer, 'signingKey', content.signingKey);
      writeText(writer, 'name', content.name, SHOWN_NAME_BYTES_MAX);
      if (!isLifetime(content.notBefore, content.notAfter)) throw new RangeError('the certificate has no valid dates');
      writeSeconds(writer, 'notBefore', content.notBefore);
      writeSeconds(writer, 'notAfter', content.notAfter);
      return;
    case 'revoke-device':
      writeAgentId(writer, content.agentId);
      return;
    case 'profile':
      writeText(writer, 'displayName', content.displayName, SHOWN_NAME_BYTES_MAX);
      return;
    case 'reset':
      writeKey(writer, 'recoveryKey', content.recoveryKey);
  }
}

function readContent(reader: ByteReader, kind: number | undefined): StatementContent | undefined {
  switch (kind) {
    case KINDS.genesis: {
      const username = readText(reader, USERNAME_BYTES_MAX);
      const recoveryKey = reader.bytes(SIZES.ed25519PublicKey);
      const firstSigningKey = reader.bytes(SIZES.ed25519PublicKey);
      if (username === undefined || recoveryKey === undefined || firstSigningKey === undefined) return undefined;
      return { kind: 'genesis', username, recoveryKey, firstSigningKey };
    }
    case KINDS['add-device']:
      return readDevice(reader);
    case KINDS['revoke-device']: {
      const agentId = readAgentId(reader);
      return agentId === undefined ? undefined : { kind: 'revoke-device', agentId };
    }
    case KINDS.profile: {
      const displayName = readText(reader, SHOWN_NAME_BYTES_MAX);
      return displayName === undefined ? undefined : { kind: 'profile', displayName };
    }
    case KINDS.reset: {
      const recoveryKey = reader.bytes(SIZES.ed25519PublicKey);
      return recoveryKey === undefined ? undefined : { kind: 'reset', recoveryKey };
    }
    default:
      return undefined;
  }
}

function readDevice(reader: ByteReader): StatementContent | undefined {
  const agentId = readAgentId(reader);
  const transportKey = reader.bytes(SIZES.x25519Key);
  const signingKey = reader.bytes(SIZES.ed25519PublicKey);
  const name = readText(reader, SHOWN_NAME_BYTES_MAX);
  const notBefore = reader.u64();
  const notAfter = reader.u64();
  if (agentId === undefined || transportKey === undefined || signingKey === undefined) return undefined;
  if (name === undefined || notBefore === undefined || notAfter === undefined) return undefined;
  if (!isLifetime(notBefore, notAfter)) return undefined;
  return { kind: 'add-device', agentId, transportKey, signingKey, name, notBefore, notAfter };
}

function isLifetime(notBefore: number, notAfter: number): boolean {
  return notAfter > notBefore && notAfter - notBefore <= CERTIFICATE_SECONDS_MAX;
}

function writeKey(writer: ByteWriter, name: string, key: Uint8Array): void {
  expectSize(name, key, SIZES.ed25519PublicKey);
  writer.bytes(key);
}

function writeAgentId(writer: ByteWriter, agentId: string): void {
  if (!isAgentName(agentId)) throw new RangeError('"agentId" is not the id of an agent');
  const bytes = utf8Encode(agentId);
  writer.u8(bytes.length).bytes(bytes);
}

function writeText(writer: ByteWriter, name: string, text: string, bytesMax: number): void {
  const bytes = utf8Encode(text);
  if (!text.isWellFormed()) throw new RangeError(`"${name}" holds half a character`);
  if (bytes.length > bytesMax)
    throw new RangeError(`"${name}" expected at most ${bytesMax} bytes, got ${bytes.length}`);
  writer.u8(bytes.length).bytes(bytes);
}

function readText(reader: ByteReader, bytesMax: number): string | undefined {
  const size = reader.u8();
  if (size === undefined || size > bytesMax) return undefined;
  const bytes = reader.bytes(size);
  return bytes === undefined ? undefined : utf8Decode(bytes);
}

function readAgentId(reader: ByteReader): string | undefined {
  const agentId = readText(reader, 255);
  return agentId !== undefined && isAgentName(agentId) ? agentId : undefined;
}
