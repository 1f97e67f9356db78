/** The bytes of an item that was promised: the same whenever it is published. */
import { utf8Decode } from '@sealane/shared/bytes';
import { encodeItem } from '@sealane/shared/items';
import type { PendingItem } from '../store/pending-tables.ts';

const NO_BYTES = new Uint8Array(0);

export function encodePendingItem(item: PendingItem): Uint8Array {
  const { at, epoch, sequence, group, messageId, body } = item;
  const place = { group: group ?? NO_BYTES, epoch, messageId: messageId ?? NO_BYTES, sequence };
  switch (item.kind) {
    case 'welcome':
    case 'commit':
    case 'message':
      return encodeItem({ kind: item.kind, at, ...place, ...encodeContent(item) });
    case 'removed':
      return encodeItem({ kind: 'removed', at, ...place });
    case 'link':
      return encodeItem({ kind: 'link', at, link: place.messageId, body: body ?? NO_BYTES });
    case 'account':
      return encodeItem({
        kind: 'account',
        at,
        username: utf8Decode(body ?? NO_BYTES) ?? '',
        statementCount: sequence,
      });
    case 'envelope':
      return encodeItem({
        kind: 'envelope',
        at,
        messageId: place.messageId,
        from: item.from ?? '',
        body: body ?? NO_BYTES,
      });
  }
}

/** What an item carries, as it is encoded. */
export function encodeContent({ body, blob }: Pick<PendingItem, 'body' | 'blob'>) {
  return blob === null ? { body: body ?? NO_BYTES } : { blob };
}
