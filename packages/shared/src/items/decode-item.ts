/** Decodes items (item.ts has the layout). What a server sends is not believed: wrong bytes give no item, never an exception. */
import { utf8Decode } from '../bytes/index.ts';
import { ByteReader } from '../documents/index.ts';
import {
  BLOB_ID_BYTES,
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

/** @returns the item, its byte fields copied; undefined for what is none, and for kinds and versions that are not known. */
export function decodeItem(bytes: Uint8Array): Item | undefined {
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
      const [group, epoch] = [reader.bytes(GROUP_ID_BYTES), reader.u64()];
      return group === undefined || epoch === undefined || !reader.atEnd() ? undefined : { kind, at, group, epoch };
    }
    case 'link': {
      const link = reader.bytes(LINK_ID_BYTES);
      return link === undefined ? undefined : { kind, at, link, body: bytes.slice(HEAD_BYTES + LINK_ID_BYTES) };
    }
    case 'account': {
      const statementCount = reader.u32();
      const username = utf8Decode(bytes.subarray(HEAD_BYTES + 4));
      const isName = username !== undefined && username !== '' && username.length <= USERNAME_BYTES_MAX;
      return statementCount === undefined || !isName ? undefined : { kind, at, username, statementCount };
    }
    case 'envelope': {
      const messageId = reader.bytes(MESSAGE_ID_BYTES);
      const body = bytes.slice(HEAD_BYTES + MESSAGE_ID_BYTES);
      return messageId === undefined ? undefined : { kind, at, messageId, body };
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
  const [group, epoch] = [reader.bytes(GROUP_ID_BYTES), reader.u64()];
  const [messageId, sequence, place] = [reader.bytes(MESSAGE_ID_BYTES), reader.u64(), reader.u8()];
  if (group === undefined || epoch === undefined || messageId === undefined || sequence === undefined) return undefined;
  const common = { kind, at, group, epoch, messageId, sequence } as const;
  if (place === HERE) return { ...common, body: bytes.slice(GROUP_HEAD_BYTES) };
  const blob = place === IN_BLOB ? reader.bytes(BLOB_ID_BYTES) : undefined;
  return blob === undefined || !reader.atEnd() ? undefined : { ...common, blob };
}

const KINDS = new Map<number, ItemKind>(Object.entries(ITEM_KINDS).map(([kind, number]) => [number, kind as ItemKind]));

function kindOf(number: number | undefined): ItemKind | undefined {
  return number === undefined ? undefined : KINDS.get(number);
}
