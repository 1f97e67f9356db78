/**
 * Signed heads of the transparency log (docs/protocols/messaging.md §11).
 *
 *     version 0x01 (1) ‖ treeSize (u64) ‖ root (32) ‖ mapRoot (32) ‖ at (u64) ‖ signature (64)
 */
import { ByteWriter } from '../bytes/index.ts';
import { SIZES, expectSize, type Crypto, type DocumentSigner } from '../crypto/index.ts';
import { ByteReader, SIGNATURE_BYTES, isSignedBy, signDocument } from '../documents/index.ts';
import { writeUint } from './write-uint.ts';

/** By a head the server commits to every entry of the log so far, and to the map of the newest ones. */
export interface TreeHead {
  /** Entries of the log. */
  readonly treeSize: number;
  /** Root of the log, 32 bytes. */
  readonly root: Uint8Array;
  /** Root of the map, 32 bytes. */
  readonly mapRoot: Uint8Array;
  /** Unix seconds. */
  readonly at: number;
}

/** Size of a signed head. */
export const TREE_HEAD_BYTES = 1 + 8 + 2 * SIZES.hash + 8 + SIGNATURE_BYTES;

const DOMAIN = 'sealane tree head 1';
const VERSION = 0x01;

/** Signs a head (Ed25519). @returns 145 bytes. @throws RangeError for a field outside its range. */
export function encodeTreeHead(head: TreeHead, signer: DocumentSigner): Uint8Array {
  expectSize('root', head.root, SIZES.hash);
  expectSize('mapRoot', head.mapRoot, SIZES.hash);
  const writer = new ByteWriter().u8(VERSION);
  writeUint(writer, 'treeSize', head.treeSize);
  writer.bytes(head.root).bytes(head.mapRoot);
  writeUint(writer, 'at', head.at);
  return signDocument(DOMAIN, writer.toBytes(), signer);
}

/** Reads a head without checking its signature. @returns undefined where the bytes are not exactly one. */
export function decodeTreeHead(bytes: Uint8Array): TreeHead | undefined {
  if (bytes.length !== TREE_HEAD_BYTES) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const treeSize = reader.u64();
  const root = reader.bytes(SIZES.hash);
  const mapRoot = reader.bytes(SIZES.hash);
  const at = reader.u64();
  if (version !== VERSION || treeSize === undefined || at === undefined) return undefined;
  return root === undefined || mapRoot === undefined ? undefined : { treeSize, root, mapRoot, at };
}

/**
 * Reads a head and checks its signature. Never throws.
 *
 * @param signingPublicKey Ed25519 key of the server, 32 bytes.
 * @returns the head, or undefined where it is malformed or not signed by this key.
 */
export function verifyTreeHead(crypto: Crypto, bytes: Uint8Array, signingPublicKey: Uint8Array): TreeHead | undefined {
  const head = decodeTreeHead(bytes);
  if (head === undefined) return undefined;
  return isSignedBy(crypto, DOMAIN, bytes, signingPublicKey) ? head : undefined;
}
