/** What SQLite and the file system say, as errors of the table. */
import { SealaneError, StorageError } from '@sealane/shared/errors';

/** Primary result codes (https://sqlite.org/rescode.html). */
const BUSY = 5;
const CORRUPT = 11;
const NOT_A_DATABASE = 26;

export function isBusy(error: unknown): boolean {
  return resultCodeOf(error) === BUSY;
}

/** The same error, unless it comes from SQLite or the system: then a StorageError about `what`. */
export function storageErrorOf(error: unknown, what: string): unknown {
  if (error instanceof SealaneError || typeof error !== 'object' || error === null) return error;
  const code = resultCodeOf(error);
  const isFromSystem = 'syscall' in error;
  if (code === 0 && !isFromSystem) return error;
  const message = `${what}: ${'message' in error ? String(error.message) : String(code)}`;
  const isDamage = code === CORRUPT || code === NOT_A_DATABASE;
  return new StorageError(isDamage ? 'E_DATA' : 'E_STORAGE', message, { cause: error });
}

/** Primary result code, or 0 for an error of another kind. */
function resultCodeOf(error: unknown): number {
  const isCoded = typeof error === 'object' && error !== null && 'errcode' in error;
  return isCoded && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
