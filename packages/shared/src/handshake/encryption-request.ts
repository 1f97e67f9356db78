/**
 * Body of 0x01 Encryption Request (docs/protocols/handshake.md §4): the offer, in clear, without any cryptography.
 *
 * `id ‖ versionMin ‖ versionMax ‖ suites (4) ‖ key (32) ‖ [kem_key (1,184)] ‖ verify_token (8)`
 */
import { ByteWriter } from '../bytes/index.ts';
import { SIZES } from '../crypto/crypto.ts';
import { ProtocolError } from '../errors/index.ts';
import { checkBody, malformed } from './bodies.ts';
import { SUITES_BYTES, VERIFY_TOKEN_BYTES } from './limits.ts';
import { SUITE, type VersionRange } from '../wire/index.ts';
import { HANDSHAKE_PACKET } from './suites.ts';

const SUITES_OFFSET = 3;
const KEY_OFFSET = SUITES_OFFSET + SUITES_BYTES;

/** Bytes of the body without a KEM key (47); with one it has 1,231. */
const REQUEST_BYTES = KEY_OFFSET + SIZES.x25519Key + VERIFY_TOKEN_BYTES;

/** The fields of 0x01. */
export interface EncryptionRequest {
  readonly versions: VersionRange;
  /** 1 to 4 distinct suite ids in the agent's order of preference; unknown ones are a newer agent's. */
  readonly suites: readonly number[];
  /** Ephemeral X25519 key, 32 bytes. */
  readonly key: Uint8Array;
  /** ML-KEM-768 key, 1,184 bytes: present exactly when suite 0x01 is offered. */
  readonly kemKey: Uint8Array | undefined;
  /** 8 bytes. */
  readonly verifyToken: Uint8Array;
}

/** 47 or 1,231 bytes. */
export function encodeEncryptionRequest(request: EncryptionRequest): Uint8Array {
  const suites = new Uint8Array(SUITES_BYTES);
  suites.set(request.suites);
  return new ByteWriter()
    .u8(HANDSHAKE_PACKET.encryptionRequest)
    .u8(request.versions.min)
    .u8(request.versions.max)
    .bytes(suites)
    .bytes(request.key)
    .bytes(request.kemKey ?? new Uint8Array(0))
    .bytes(request.verifyToken)
    .toBytes();
}

/**
 * Decodes 0x01; fields are views into `body`. The versions are judged before anything that a later version may lay
 * out differently (§4.4).
 *
 * @throws ProtocolError `E_UNSUPPORTED_VERSION` when `supported` has none of the versions; `E_STATE`, `E_TOO_LARGE` or
 * `E_MALFORMED` when the body is not a 0x01 of the exact length.
 */
export function decodeEncryptionRequest(body: Uint8Array, supported: VersionRange): EncryptionRequest {
  checkBody(body, HANDSHAKE_PACKET.encryptionRequest, SUITES_OFFSET);
  const versions = decodeVersions(body);
  if (versions.max < supported.min || versions.min > supported.max) throw new ProtocolError('E_UNSUPPORTED_VERSION');
  if (body.length < REQUEST_BYTES) throw malformed('0x01 is too short.');
  const suites = decodeSuites(body.subarray(SUITES_OFFSET, KEY_OFFSET));
  const kemBytes = suites.includes(SUITE.hybrid) ? SIZES.kemPublicKey : 0;
  if (body.length !== REQUEST_BYTES + kemBytes) throw malformed('0x01 has the wrong length for the suites it offers.');
  const kemOffset = KEY_OFFSET + SIZES.x25519Key;
  const tokenOffset = kemOffset + kemBytes;
  return {
    versions,
    suites,
    key: body.subarray(KEY_OFFSET, kemOffset),
    kemKey: kemBytes === 0 ? undefined : body.subarray(kemOffset, tokenOffset),
    verifyToken: body.subarray(tokenOffset),
  };
}

/** §4.2: 1 ≤ min ≤ max. */
function decodeVersions(body: Uint8Array): VersionRange {
  const [, min, max] = body as unknown as readonly [number, number, number];
  if (min === 0 || min > max) throw malformed('The versions offered are not a range.');
  return { min, max };
}

/** §4.3: at least one id, no id twice, zeros only at the end. */
function decodeSuites(bytes: Uint8Array): number[] {
  const end = bytes.indexOf(0);
  const suites = [...(end < 0 ? bytes : bytes.subarray(0, end))];
  const padding = bytes.subarray(suites.length);
  if (suites.length === 0 || new Set(suites).size !== suites.length || padding.some((byte) => byte !== 0)) {
    throw malformed('The list of suites is not valid.');
  }
  return suites;
}
