/** Decodes items: item.ts has the layout. */
import { utf8Decode } from '../bytes/index.ts';
import { ByteReader } from '../documents/index.ts';
import {
  BLOB_ID_BYTES,
  EVENT_BODY_BYTES_MAX,
  GROUP_ID_BYTES,
  LINK_ID_BYTES,
  MESSAGE_ID_BYTES,
  USERNAME_BYTES_MAX,
} from '../packets/index.ts';
import { HERE, IN_BLOB, ITEM_KINDS, ITEM_VERSION, type Item, type ItemKind } from './item.ts';

/** Bytes before the fields of a kind. */
const HEAD_BYTES = 10;
/** Bytes of a group item before what is sealed. */
const GROUP_HEAD_BYTES = HEAD_BYTES + GROUP_ID_BYTES + 8 + MESSAGE_ID_BYTES + 8 + 1;

/**
 * Reads an item of a device's queue. What a server sends is not believed: wrong bytes give no item, never an exception.
 *
 * @returns the item, its byte fields copied; undefined for what is none, and for kinds and versions that are not known.
 */
export function decodeItem(bytes: Uint8Array): Item | undefined {
  if (bytes.length > EVENT_BODY_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const [version, number, at] = [reader.u8(), reader.u8(), reader.u64()];
  if (version !== ITEM_VERSION || at === undefined) return undefined;
  const kind = kindOf(number);
  switch (kind) {
    case 'welcome':
    case 'commit':
    case 'message':
      return groupItem(kind, at, bytes, reader);
    case 'removed': {
      const place = readPlace(reader);
      return place === undefined || !reader.atEnd() ? undefined : { kind, at, ...place };
    }
    case 'link': {
      const link = reader.bytes(LINK_ID_BYTES);
      return link === undefined ? undefined : { kind, at, link, body: bytes.slice(HEAD_BYTES + LINK_ID_BYTES) };
    }
    case 'account': {
      const statementCount = reader.u32();
      const username = nameOf(bytes.subarray(HEAD_BYTES + 4));
      return statementCount === undefined || username === undefined
        ? undefined
        : { kind, at, username, statementCount };
    }
    case 'envelope': {
      const [messageId, size] = [reader.bytes(MESSAGE_ID_BYTES), reader.u8()];
      const from = nameOf(reader.bytes(size ?? 0));
      if (messageId === undefined || size === undefined || from === undefined) return undefined;
      return { kind, at, messageId, from, body: bytes.slice(HEAD_BYTES + MESSAGE_ID_BYTES + 1 + size) };
    }
    case undefined:
      return undefined;
  }
}

function groupItem(
  kind: 'welcome' | 'commit' | 'message',
  at: number,
  bytes: Uint8Array,
  reader: ByteReader,
): Item | undefined {
  const place = readPlace(reader);
  const where = reader.u8();
  if (place === undefined || where === undefined) return undefined;
  const common = { kind, at, ...place } as const;
  if (where === HERE) return { ...common, body: bytes.slice(GROUP_HEAD_BYTES) };
  const blob = where === IN_BLOB ? reader.bytes(BLOB_ID_BYTES) : undefined;
  return blob === undefined || !reader.atEnd() ? undefined : { ...common, blob };
}

function readPlace(reader: ByteReader) {
  const [group, epoch] = [reader.bytes(GROUP_ID_BYTES), reader.u64()];
  const [messageId, sequence] = [reader.bytes(MESSAGE_ID_BYTES), reader.u64()];
  if (group === undefined || epoch === undefined || messageId === undefined || sequence === undefined) return undefined;
  return { group, epoch, messageId, sequence };
}

function nameOf(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0 || bytes.length > USERNAME_BYTES_MAX) return undefined;
  return utf8Decode(bytes);
}

const KINDS = new Map<number, ItemKind>(Object.entries(ITEM_KINDS).map(([kind, number]) => [number, kind as ItemKind]));

function kindOf(number: number | undefined): ItemKind | undefined {
  return number === undefined ? undefined : KINDS.get(number);
}
