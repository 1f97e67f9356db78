/** Encodes items (item.ts has the layout). */
import { ByteWriter, utf8Encode } from '../bytes/index.ts';
import {
  BLOB_ID_BYTES,
  EVENT_BODY_BYTES_MAX,
  GROUP_ID_BYTES,
  LINK_ID_BYTES,
  MESSAGE_ID_BYTES,
  USERNAME_BYTES_MAX,
} from '../packets/index.ts';
import { HERE, IN_BLOB, ITEM_KINDS, ITEM_VERSION, type GroupItem, type Item } from './item.ts';

/**
 * The bytes of an item: the body of an event.
 *
 * @throws RangeError for ids of another size, numbers out of range, and an item that no event can carry.
 */
export function encodeItem(item: Item): Uint8Array {
  const writer = new ByteWriter();
  writer.u8(ITEM_VERSION).u8(ITEM_KINDS[item.kind]);
  u64(writer, 'at', item.at);
  writeFields(writer, item);
  if (writer.length > EVENT_BODY_BYTES_MAX)
    throw new RangeError(`"item" expected at most ${EVENT_BODY_BYTES_MAX} bytes, got ${writer.length}`);
  return writer.toBytes();
}

function writeFields(writer: ByteWriter, item: Item): void {
  switch (item.kind) {
    case 'welcome':
    case 'commit':
    case 'message':
      writeGroupItem(writer, item);
      return;
    case 'removed':
      writePlace(writer, item);
      return;
    case 'link':
      id(writer, 'link', item.link, LINK_ID_BYTES);
      writer.bytes(item.body);
      return;
    case 'account':
      if (!Number.isSafeInteger(item.statementCount) || item.statementCount < 0 || item.statementCount > 0xffff_ffff)
        throw new RangeError(`"statementCount" expected a u32, got ${item.statementCount}`);
      writer.u32(item.statementCount).bytes(nameBytes('username', item.username));
      return;
    case 'envelope': {
      const name = nameBytes('from', item.from);
      id(writer, 'messageId', item.messageId, MESSAGE_ID_BYTES);
      writer.u8(name.length).bytes(name).bytes(item.body);
    }
  }
}

function writeGroupItem(writer: ByteWriter, item: GroupItem): void {
  writePlace(writer, item);
  if (item.blob === undefined) writer.u8(HERE).bytes(item.body);
  else id(writer.u8(IN_BLOB), 'blob', item.blob, BLOB_ID_BYTES);
}

function writePlace(writer: ByteWriter, item: Pick<GroupItem, 'group' | 'epoch' | 'messageId' | 'sequence'>): void {
  id(writer, 'group', item.group, GROUP_ID_BYTES);
  u64(writer, 'epoch', item.epoch);
  id(writer, 'messageId', item.messageId, MESSAGE_ID_BYTES);
  u64(writer, 'sequence', item.sequence);
}

function nameBytes(name: string, text: string): Uint8Array {
  const bytes = utf8Encode(text);
  if (bytes.length === 0 || bytes.length > USERNAME_BYTES_MAX)
    throw new RangeError(`"${name}" expected 1 to ${USERNAME_BYTES_MAX} bytes, got ${bytes.length}`);
  return bytes;
}

function id(writer: ByteWriter, name: string, bytes: Uint8Array, size: number): void {
  if (bytes.length !== size) throw new RangeError(`"${name}" expected ${size} bytes, got ${bytes.length}`);
  writer.bytes(bytes);
}

function u64(writer: ByteWriter, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError(`"${name}" expected a safe integer, got ${value}`);
  writer.u32(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
}
