/**
 * The envelope of a content: what is padded, sealed by MLS and sent.
 *
 *     version 0x01 (1) ‖ kind (1) ‖ flags (1): 0x01 ref ‖ id (16) ‖ at (u64, ms) ‖ expiresAfter (u32, s) ‖ ref (16) ‖ body ‖ padding
 */
import { ByteWriter } from '@sealane/shared/bytes';
import { ByteReader } from '@sealane/shared/documents';
import { BODY_CODECS, type BodyCodec } from './body-codecs.ts';
import type { Content, ContentHeader, ContentKind, KnownContent } from './content.ts';
import { writeFixed, writeUint } from './fields.ts';
import { CONTENT_BYTES_MAX, EXPIRY_SECONDS_MAX, ID_BYTES } from './limits.ts';
import { PADDED_BYTES_MAX, pad, unpad } from './padding.ts';

const VERSION = 0x01;
const FLAG_REF = 0x01;
const KIND_NUMBER_MAX = 0xff;

const KINDS = new Map<number, ContentKind>(
  (Object.keys(BODY_CODECS) as ContentKind[]).map((kind) => [BODY_CODECS[kind].number, kind]),
);

/**
 * The envelope of a content, padded to 256 to 73,728 bytes: what MLS seals.
 *
 * @throws RangeError for a field outside its range, or where all of it is too large.
 */
export function encodeContent(content: Content): Uint8Array {
  const { id, at, expiresAfter, ref } = content;
  const kindNumber = content.kind === 'unknown' ? content.kindNumber : BODY_CODECS[content.kind].number;
  expectKind(content, kindNumber);
  const writer = new ByteWriter()
    .u8(VERSION)
    .u8(kindNumber)
    .u8(ref === undefined ? 0 : FLAG_REF);
  writeFixed(writer, 'id', id, ID_BYTES);
  writeUint(writer, 'at', at);
  if (!isExpiry(expiresAfter)) throw new RangeError(`"expiresAfter" is ${expiresAfter}`);
  writer.u32(expiresAfter);
  if (ref !== undefined) writeFixed(writer, 'ref', ref, ID_BYTES);
  if (content.kind === 'unknown') writer.bytes(content.body);
  else codecOf(content.kind).write(writer, content.body);
  if (writer.length > CONTENT_BYTES_MAX) {
    throw new RangeError(`a content expected at most ${CONTENT_BYTES_MAX} bytes, got ${writer.length}`);
  }
  return pad(writer.written());
}

/**
 * Reads a content that a member of the group sealed. Never throws.
 *
 * @returns undefined where it is none; a content of a kind that is not known here is `unknown`.
 */
export function decodeContent(padded: Uint8Array): Content | undefined {
  const bytes = padded.length > PADDED_BYTES_MAX ? undefined : unpad(padded);
  if (bytes === undefined || bytes.length > CONTENT_BYTES_MAX) return undefined;
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const kindNumber = reader.u8();
  const flags = reader.u8();
  const id = reader.bytes(ID_BYTES);
  const at = reader.u64();
  const expiresAfter = reader.u32();
  if (version !== VERSION || kindNumber === undefined || id === undefined || at === undefined) return undefined;
  if (expiresAfter === undefined || !isExpiry(expiresAfter) || (flags !== 0 && flags !== FLAG_REF)) return undefined;
  const ref = flags === FLAG_REF ? reader.bytes(ID_BYTES) : undefined;
  if (flags === FLAG_REF && ref === undefined) return undefined;
  const header = { id, at, expiresAfter, ...(ref === undefined ? {} : { ref }) };
  const headerBytes = 31 + (ref === undefined ? 0 : ID_BYTES);
  return readBody(header, kindNumber, { reader, rest: bytes.subarray(headerBytes) });
}

function readBody(
  header: ContentHeader,
  kindNumber: number,
  { reader, rest }: { readonly reader: ByteReader; readonly rest: Uint8Array },
): Content | undefined {
  const kind = KINDS.get(kindNumber);
  if (kind === undefined) return { ...header, kind: 'unknown', kindNumber, body: Uint8Array.from(rest) };
  const { ref } = BODY_CODECS[kind];
  if (!isRefAllowed(ref, header.ref !== undefined)) return undefined;
  const body = codecOf(kind).read(reader);
  return body === undefined ? undefined : ({ ...header, kind, body } as KnownContent);
}

/** The codec of a kind whose body has the type of that kind: the table pairs them, the compiler does not follow. */
function codecOf(kind: ContentKind): BodyCodec<ContentKind> {
  return BODY_CODECS[kind];
}

function expectKind(content: Content, kindNumber: number): void {
  if (content.kind === 'unknown') {
    const isFree = Number.isInteger(kindNumber) && kindNumber >= 0 && kindNumber <= KIND_NUMBER_MAX;
    if (!isFree || KINDS.has(kindNumber))
      throw new RangeError(`"kindNumber" ${kindNumber} is not that of an unknown kind`);
    return;
  }
  if (isRefAllowed(BODY_CODECS[content.kind].ref, content.ref !== undefined)) return;
  throw new RangeError(`"ref" of ${content.kind} is ${BODY_CODECS[content.kind].ref}`);
}

function isRefAllowed(rule: 'none' | 'needed' | 'optional', hasRef: boolean): boolean {
  return rule === 'optional' || (rule === 'needed') === hasRef;
}

function isExpiry(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= EXPIRY_SECONDS_MAX;
}
