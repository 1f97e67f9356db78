/**
 * The body of each kind as bytes. A number is given once and keeps its meaning; fields are only appended, and bytes behind
 * those that this version knows are a newer peer's and ignored.
 */
import type { ByteWriter } from '@sealane/shared/bytes';
import type { ByteReader } from '@sealane/shared/documents';
import type { Bodies, CallEndReason, ContentKind, FileBody, ReceiptStatus } from './content.ts';
import {
  readBytes,
  readFlag,
  readList,
  readText,
  whole,
  writeBytes,
  writeFixed,
  writeFlag,
  writeList,
  writeText,
  writeUint,
} from './fields.ts';
import {
  ATTACHMENT_BYTES_MAX,
  CANDIDATES_MAX,
  CANDIDATE_BYTES_MAX,
  CAPTION_BYTES_MAX,
  EXPIRY_SECONDS_MAX,
  HEAD_BYTES_MAX,
  ID_BYTES,
  NAME_BYTES_MAX,
  REACTION_BYTES_MAX,
  RECEIPTS_MAX,
  SESSION_DESCRIPTION_BYTES_MAX,
  TEXT_BYTES_MAX,
  THUMBNAIL_BYTES_MAX,
} from './limits.ts';

/** How a kind travels. */
export interface BodyCodec<K extends ContentKind> {
  /** On the wire, for ever. */
  readonly number: number;
  /** Whether it is about another message. */
  readonly ref: 'none' | 'needed' | 'optional';
  /** @throws RangeError for a field outside its range. */
  write(writer: ByteWriter, body: Bodies[K]): void;
  read(reader: ByteReader): Bodies[K] | undefined;
}

const KEY_BYTES = 32;
const NONCE_PREFIX_BYTES = 7;
const RECEIPT_STATUSES: readonly ReceiptStatus[] = ['delivered', 'read'];
const END_REASONS: readonly CallEndReason[] = ['hung-up', 'declined', 'busy', 'failed'];

const TEXT = { min: 1, max: TEXT_BYTES_MAX };
const NAME = { min: 1, max: NAME_BYTES_MAX };
const DESCRIPTION = { min: 1, max: SESSION_DESCRIPTION_BYTES_MAX };
const CANDIDATE = { max: CANDIDATE_BYTES_MAX };
const REACTION = { min: 1, max: REACTION_BYTES_MAX };
const HEAD = { min: 1, max: HEAD_BYTES_MAX };

/** Kinds that are a text and nothing else. */
interface TextCodec {
  readonly write: (writer: ByteWriter, body: Bodies['text']) => void;
  readonly read: (reader: ByteReader) => Bodies['text'] | undefined;
}

const JUST_TEXT: TextCodec = {
  write: (writer, { text }) => writeText(writer, 'text', text, TEXT),
  read: (reader) => whole({ text: readText(reader, TEXT) }),
};

/** Every kind, in the order of their numbers. */
export const BODY_CODECS: { readonly [K in ContentKind]: BodyCodec<K> } = {
  text: { number: 1, ref: 'none', ...JUST_TEXT },
  reply: { number: 2, ref: 'needed', ...JUST_TEXT },
  edit: { number: 3, ref: 'needed', ...JUST_TEXT },
  delete: { number: 4, ref: 'needed', write: () => undefined, read: () => ({}) },
  reaction: {
    number: 5,
    ref: 'needed',
    write: (writer, { emoji, isRemoved }) => {
      writeText(writer, 'emoji', emoji, REACTION);
      writeFlag(writer, isRemoved);
    },
    read: (reader) => whole({ emoji: readText(reader, REACTION), isRemoved: readFlag(reader) }),
  },
  receipts: {
    number: 6,
    ref: 'none',
    write: (writer, { status, messages }) => {
      writer.u8(RECEIPT_STATUSES.indexOf(status));
      const list = { name: 'messages', items: messages, max: RECEIPTS_MAX };
      writeList(writer, list, (id) => writeFixed(writer, 'message', id, ID_BYTES));
    },
    read: (reader) => {
      const status = RECEIPT_STATUSES[reader.u8() ?? -1];
      return whole({ status, messages: readList(reader, RECEIPTS_MAX, () => reader.bytes(ID_BYTES)) });
    },
  },
  typing: {
    number: 7,
    ref: 'none',
    write: (writer, { isTyping }) => writeFlag(writer, isTyping),
    read: (reader) => whole({ isTyping: readFlag(reader) }),
  },
  file: { number: 8, ref: 'optional', write: writeFile, read: readFile },
  'call-offer': {
    number: 9,
    ref: 'none',
    write: (writer, { call, description, isVideo }) => {
      writeFixed(writer, 'call', call, ID_BYTES);
      writeText(writer, 'description', description, DESCRIPTION);
      writeFlag(writer, isVideo);
    },
    read: (reader) =>
      whole({
        call: reader.bytes(ID_BYTES),
        description: readText(reader, DESCRIPTION),
        isVideo: readFlag(reader),
      }),
  },
  'call-answer': {
    number: 10,
    ref: 'none',
    write: (writer, { call, description }) => {
      writeFixed(writer, 'call', call, ID_BYTES);
      writeText(writer, 'description', description, DESCRIPTION);
    },
    read: (reader) => whole({ call: reader.bytes(ID_BYTES), description: readText(reader, DESCRIPTION) }),
  },
  'call-candidates': {
    number: 11,
    ref: 'none',
    write: (writer, { call, candidates }) => {
      writeFixed(writer, 'call', call, ID_BYTES);
      const list = { name: 'candidates', items: candidates, max: CANDIDATES_MAX };
      writeList(writer, list, (candidate) => writeText(writer, 'candidate', candidate, CANDIDATE));
    },
    read: (reader) => {
      const call = reader.bytes(ID_BYTES);
      return whole({ call, candidates: readList(reader, CANDIDATES_MAX, () => readText(reader, CANDIDATE)) });
    },
  },
  'call-end': {
    number: 12,
    ref: 'none',
    write: (writer, { call, reason }) => {
      writeFixed(writer, 'call', call, ID_BYTES);
      writer.u8(END_REASONS.indexOf(reason));
    },
    read: (reader) => whole({ call: reader.bytes(ID_BYTES), reason: END_REASONS[reader.u8() ?? -1] }),
  },
  profile: {
    number: 13,
    ref: 'none',
    write: (writer, { displayName, about }) => {
      writeText(writer, 'displayName', displayName, { max: NAME_BYTES_MAX });
      writeText(writer, 'about', about, { max: CAPTION_BYTES_MAX });
    },
    read: (reader) =>
      whole({
        displayName: readText(reader, { max: NAME_BYTES_MAX }),
        about: readText(reader, { max: CAPTION_BYTES_MAX }),
      }),
  },
  'tree-head': {
    number: 14,
    ref: 'none',
    write: (writer, { head }) => writeBytes(writer, 'head', head, HEAD),
    read: (reader) => whole({ head: readBytes(reader, HEAD) }),
  },
  expiry: {
    number: 15,
    ref: 'none',
    write: (writer, { seconds }) => writeUint(writer, 'seconds', seconds, EXPIRY_SECONDS_MAX),
    read: (reader) => {
      const seconds = reader.u64();
      return seconds === undefined || seconds > EXPIRY_SECONDS_MAX ? undefined : { seconds };
    },
  },
  'group-name': {
    number: 16,
    ref: 'none',
    write: (writer, { name }) => writeText(writer, 'name', name, NAME),
    read: (reader) => whole({ name: readText(reader, NAME) }),
  },
  leave: { number: 17, ref: 'none', write: () => undefined, read: () => ({}) },
};

function writeFile(writer: ByteWriter, file: FileBody): void {
  writeText(writer, 'name', file.name, NAME);
  writeText(writer, 'mediaType', file.mediaType, { max: NAME_BYTES_MAX });
  writeUint(writer, 'size', file.size, ATTACHMENT_BYTES_MAX);
  writeUint(writer, 'sealedSize', file.sealedSize);
  writeFixed(writer, 'blob', file.blob, ID_BYTES);
  writeFixed(writer, 'key', file.key, KEY_BYTES);
  writeFixed(writer, 'noncePrefix', file.noncePrefix, NONCE_PREFIX_BYTES);
  writeFixed(writer, 'hash', file.hash, KEY_BYTES);
  writeText(writer, 'caption', file.caption, { max: CAPTION_BYTES_MAX });
  writeBytes(writer, 'thumbnail', file.thumbnail, { max: THUMBNAIL_BYTES_MAX });
}

/** No file has more: what reads it would stop at the first byte. */
function readSize(reader: ByteReader): number | undefined {
  const size = reader.u64();
  return size === undefined || size > ATTACHMENT_BYTES_MAX ? undefined : size;
}

function readFile(reader: ByteReader): FileBody | undefined {
  return whole<FileBody>({
    name: readText(reader, NAME),
    mediaType: readText(reader, { max: NAME_BYTES_MAX }),
    size: readSize(reader),
    sealedSize: reader.u64(),
    blob: reader.bytes(ID_BYTES),
    key: reader.bytes(KEY_BYTES),
    noncePrefix: reader.bytes(NONCE_PREFIX_BYTES),
    hash: reader.bytes(KEY_BYTES),
    caption: readText(reader, { max: CAPTION_BYTES_MAX }),
    thumbnail: readBytes(reader, { max: THUMBNAIL_BYTES_MAX }),
  });
}
