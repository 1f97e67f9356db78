/** Reads a small text file whole, with a limit on its size and errors that name it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from './explained-error.ts';

/**
 * The content of a small file.
 *
 * @param options.bytesMax most bytes that are read; a larger file is an error.
 * @param options.missing whether a file that is not there is an error or undefined.
 * @param options.namedBy the flag, variable or key that names the file: errors begin with it.
 * @throws ConfigError `E_CONFIG` when it is missing, larger, not readable, not a file or not UTF-8.
 */
export function readTextFile(
  file: string,
  options: { readonly bytesMax: number; readonly missing: 'error' | 'undefined'; readonly namedBy?: string },
): string | undefined {
  try {
    return readNamed(file, options);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const by = options.namedBy;
    const message = `${by === undefined ? 'Cannot' : `${by}: cannot`} read ${file}: ${error.message}`;
    throw explained(new ConfigError('E_CONFIG', message), { next: `Check the path ${file}.` });
  }
}

/** Why a file cannot be read. */
class Unreadable extends Error {}

function readNamed(
  file: string,
  options: { readonly bytesMax: number; readonly missing: 'error' | 'undefined' },
): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const missing = hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
    if (missing && options.missing === 'undefined') return undefined;
    throw new Unreadable(missing ? 'there is no such file' : codeOf(error));
  }
  try {
    if (fstatSync(descriptor).isDirectory()) throw new Unreadable('it is a directory');
    return decode(readUpTo(descriptor, options.bytesMax));
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end without trusting the size, so that pipes (`<(…)` of a shell) work too. */
function readUpTo(descriptor: number, bytesMax: number): Uint8Array {
  const buffer = new Uint8Array(bytesMax + 1);
  let size = 0;
  for (;;) {
    let count: number;
    try {
      count = readSync(descriptor, buffer, size, buffer.length - size, null);
    } catch (error) {
      throw new Unreadable(codeOf(error));
    }
    size += count;
    if (size > bytesMax) throw new Unreadable(`it is larger than ${bytesMax} bytes`);
    if (count === 0) return buffer.subarray(0, size);
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Unreadable('it is not UTF-8 text');
  }
}

function hasCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): string {
  // Not `instanceof Error`: system errors come from another realm than code that runs in a vm context.
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
}
