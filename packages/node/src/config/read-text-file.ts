/** Reads a small text file whole, with a limit on its size and errors that name it. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from './explained-error.ts';

/**
 * The content of a small file.
 *
 * @param options.bytesMax most bytes that are read; a larger file is an error.
 * @param options.missing whether a file that is not there is an error or undefined.
 * @throws ConfigError `E_CONFIG` when it is missing, larger, not readable, not a file or not UTF-8.
 */
export function readTextFile(
  file: string,
  options: { readonly bytesMax: number; readonly missing: 'error' | 'undefined' },
): string | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    const missing = hasCode(error, 'ENOENT') || hasCode(error, 'ENOTDIR');
    if (missing && options.missing === 'undefined') return undefined;
    throw unreadable(file, missing ? 'there is no such file' : codeOf(error));
  }
  try {
    if (fstatSync(descriptor).isDirectory()) throw unreadable(file, 'it is a directory');
    return decode(file, readUpTo(file, descriptor, options.bytesMax));
  } finally {
    closeSync(descriptor);
  }
}

/** Reads to the end without trusting the size, so that pipes (`<(…)` of a shell) work too. */
function readUpTo(file: string, descriptor: number, bytesMax: number): Uint8Array {
  const buffer = new Uint8Array(bytesMax + 1);
  let size = 0;
  for (;;) {
    let count: number;
    try {
      count = readSync(descriptor, buffer, size, buffer.length - size, null);
    } catch (error) {
      throw unreadable(file, codeOf(error));
    }
    size += count;
    if (size > bytesMax) throw unreadable(file, `it is larger than ${bytesMax} bytes`);
    if (count === 0) return buffer.subarray(0, size);
  }
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw unreadable(file, 'it is not UTF-8 text');
  }
}

function unreadable(file: string, why: string): ConfigError {
  return explained(new ConfigError('E_CONFIG', `Cannot read ${file}: ${why}`), { next: `Check the path ${file}.` });
}

function hasCode(error: unknown, code: string): boolean {
  return codeOf(error) === code;
}

function codeOf(error: unknown): string {
  // Not `instanceof Error`: system errors come from another realm than code that runs in a vm context.
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'unknown error';
}
