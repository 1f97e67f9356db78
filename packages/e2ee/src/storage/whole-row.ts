/** isWholeRow: how implementations of `takeDamaged` judge a row. */
import { StorageError } from '@sealane/shared/errors';
import { decodeRow, type Row } from './row.ts';
import type { RowCheck } from './storage.ts';

/** Whether the bytes of a row can be read, and are what its table holds. Throws only what `isWhole` throws. */
export async function isWholeRow(bytes: Uint8Array, key: Uint8Array, isWhole: RowCheck): Promise<boolean> {
  let row: Row;
  try {
    row = decodeRow(bytes);
  } catch (error) {
    if (error instanceof StorageError) return false;
    throw error;
  }
  return await isWhole(row, key);
}
