/** Rows, and their form as bytes. */
import { ByteWriter, utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { StorageError } from '@sealane/shared/errors';

/** What a field of a row may hold. */
export type Value = string | number | Uint8Array | null;
/** A row of a table: a flat object. Which fields it has is up to its table. */
export type Row = Readonly<Record<string, Value>>;

const TAGS = { null: 0, number: 1, text: 2, bytes: 3 } as const;

/** A copy of a row as bytes: for each field its name, a tag and its value. */
export function encodeRow(row: Row): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  for (const [name, value] of Object.entries(row)) {
    const nameBytes = utf8Encode(name);
    writer.u8(nameBytes.length).bytes(nameBytes);
    writeValue(writer, value);
  }
  return Uint8Array.from(writer.written());
}

function writeValue(writer: ByteWriter, value: Value): void {
  if (value === null) writer.u8(TAGS.null);
  else if (typeof value === 'number') {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value);
    writer.u8(TAGS.number).bytes(bytes);
  } else {
    const bytes = typeof value === 'string' ? utf8Encode(value) : value;
    writer
      .u8(typeof value === 'string' ? TAGS.text : TAGS.bytes)
      .u32(bytes.length)
      .bytes(bytes);
  }
}

/** The row that `encodeRow` wrote. @throws StorageError for other bytes. */
export function decodeRow(bytes: Uint8Array): Row {
  const row: Record<string, Value> = {};
  const cursor = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
  while (cursor.at < bytes.length) {
    const name = textOf(take(cursor, cursor.view.getUint8(cursor.at++)));
    row[name] = readValue(cursor);
  }
  return row;
}

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function readValue(cursor: Cursor): Value {
  const tag = take(cursor, 1)[0];
  if (tag === TAGS.null) return null;
  if (tag === TAGS.number) {
    const bytes = take(cursor, 8);
    return new DataView(bytes.buffer).getFloat64(0);
  }
  if (tag !== TAGS.text && tag !== TAGS.bytes) throw damaged();
  const size = take(cursor, 4);
  const value = take(cursor, new DataView(size.buffer).getUint32(0));
  return tag === TAGS.text ? textOf(value) : value;
}

function take(cursor: Cursor, size: number): Uint8Array<ArrayBuffer> {
  const end = cursor.at + size;
  if (end > cursor.bytes.length) throw damaged();
  const taken = Uint8Array.from(cursor.bytes.subarray(cursor.at, end));
  cursor.at = end;
  return taken;
}

function textOf(bytes: Uint8Array): string {
  const text = utf8Decode(bytes);
  if (text === undefined) throw damaged();
  return text;
}

function damaged(): StorageError {
  return new StorageError('E_DATA', 'a row of the message database is damaged');
}
