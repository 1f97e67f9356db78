/** The bytes of an item, the same whenever it is published. */
import { toHex } from '@sealane/shared/bytes';
import type { PendingItem } from '../store/pending-tables.ts';

export function encodePendingItem(item: PendingItem): Uint8Array {
  const body = item.body === null ? null : toHex(item.body);
  return new TextEncoder().encode(JSON.stringify([item.kind, item.epoch, item.sequence, item.at, body]));
}
