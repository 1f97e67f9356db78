/** Incremental SHA-256 of a file's beginning: native, and in pieces that keep memory flat. */
import { createHash, type Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

/** Bytes of a file that are read or written at once. */
export const CHUNK_BYTES = 262_144;

/** Starts the hash of a whole file. */
export function startHash(): Hash {
  return createHash('sha256');
}

/** The hash of what went in so far; more may follow. */
export function digestSoFar(hash: Hash): Uint8Array {
  return new Uint8Array(hash.copy().digest());
}

/**
 * Adds the first `sizeBytes` of a file to the hash.
 *
 * @param proceed throws to stop, between two pieces.
 * @returns the bytes found: fewer than `sizeBytes` where the file is shorter.
 */
export async function hashPrefix(
  hash: Hash,
  file: { readonly handle: FileHandle; readonly sizeBytes: number; readonly proceed?: () => void },
): Promise<number> {
  const { handle, sizeBytes, proceed } = file;
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(sizeBytes, 1)));
  let offset = 0;
  while (offset < sizeBytes) {
    proceed?.();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, sizeBytes - offset), offset);
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    offset += bytesRead;
  }
  return offset;
}
