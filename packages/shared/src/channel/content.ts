/** Content of requests, responses and notifications: bytes with a content type, made from what programs hold. */
import { utf8Decode, utf8Encode } from '../bytes/index.ts';
import { ProtocolError } from '../errors/index.ts';
import { CONTENT_TYPE_MSGPACK, decodeValue, encodeValue, type Value } from '../packets/index.ts';

/** Content type of text. */
export const TEXT_CONTENT_TYPE = 'text/plain';

/**
 * What may be sent: text, bytes, a structured value of JSON's shape (numbers, strings, arrays, plain objects, bytes), or
 * content that was received, which goes on unchanged.
 */
export type Content = string | Uint8Array | Value | ReceivedContent;

/** Bytes and what they are. */
export interface EncodedContent {
  readonly body: Uint8Array;
  /** Null for bytes of no stated type. */
  readonly contentType: string | null;
}

const NO_BYTES = new Uint8Array(0);

/**
 * Content as it travels: text as `text/plain`, bytes (borrowed) without a type, structured values as
 * `application/msgpack`, received content unchanged, undefined as no bytes.
 *
 * @throws TypeError for a value that has no form on the wire, RangeError for one that nests too deep or is too large.
 */
export function encodeContent(content: Content | undefined): EncodedContent {
  if (content === undefined) return { body: NO_BYTES, contentType: null };
  if (content instanceof ReceivedContent) return content;
  if (content instanceof Uint8Array) return { body: content, contentType: null };
  if (typeof content === 'string') return { body: utf8Encode(content), contentType: TEXT_CONTENT_TYPE };
  return { body: encodeValue(content), contentType: CONTENT_TYPE_MSGPACK };
}

/** Content that came from the peer. */
export class ReceivedContent {
  /** A view into one record: copy what is kept for long. */
  readonly body: Uint8Array;
  readonly contentType: string | null;

  constructor(body: Uint8Array, contentType: string | null) {
    this.body = body;
    this.contentType = contentType;
  }

  /** The body as text. @throws ProtocolError `E_BAD_REQUEST` when it is not valid UTF-8. */
  text(): string {
    const text = utf8Decode(this.body);
    if (text === undefined) throw new ProtocolError('E_BAD_REQUEST', 'the body is not valid UTF-8');
    return text;
  }

  /**
   * The structured value in the body.
   *
   * @throws ProtocolError `E_BAD_REQUEST` when the content type is another one, or the bytes are not a valid value.
   */
  value(): Value {
    if (this.contentType !== CONTENT_TYPE_MSGPACK)
      throw new ProtocolError('E_BAD_REQUEST', 'the body is no structured value');
    try {
      return decodeValue(this.body);
    } catch (cause) {
      throw new ProtocolError('E_BAD_REQUEST', 'the body is no valid value', { cause });
    }
  }
}
