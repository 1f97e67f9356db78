/** jsonOf: the JSON in a column of the database. */
import { StorageError } from '@sealane/shared/errors';

/** @throws StorageError `E_DATA` for what is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new StorageError('E_DATA', 'a row of the message database is damaged', { cause });
  }
}
