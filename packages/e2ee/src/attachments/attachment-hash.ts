/** SHA-256 of a sealed attachment as it goes by: what Blob Open names, and what the message carries. */
import { sha256 } from '@noble/hashes/sha2.js';

/** Hashes bytes piece by piece. `node:crypto` makes faster ones of the same shape. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown;
  /** 32 bytes; the last call. */
  digest(): Uint8Array;
}

/** One that runs everywhere. */
export function newAttachmentHash(): IncrementalHash {
  return sha256.create();
}
