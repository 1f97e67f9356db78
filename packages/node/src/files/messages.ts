/**
 * What the two sides of a file transfer tell each other beside the bytes (docs/protocols/files.md §3): maps with named
 * fields as msgpack values, in a stream's metadata or framed inside the stream. Unknown fields are ignored.
 */
import { ProtocolError } from '@sealane/shared/errors';
import { decodeValue, encodeValue, type Value } from '@sealane/shared/packets';

/** Stream on which its opener sends a file. */
export const PUT_STREAM = 'sealane.file.put';
/** Stream on which its opener receives a file. */
export const GET_STREAM = 'sealane.file.get';

/** Bytes of one framed message, its length field not counted. */
export const MESSAGE_BYTES_MAX = 4_096;
/** Bytes of the length field in front of a framed message. */
export const MESSAGE_LENGTH_BYTES = 4;
/** Bytes of a SHA-256 hash. */
export const SHA256_BYTES = 32;

/** Last moment a file may claim to be from: the end of the year 9999, in milliseconds since 1970. */
const MODIFIED_MS_MAX = 253_402_300_799_999;

/** Metadata of a put stream: what the opener wants to send. */
export interface Offer {
  readonly name: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedMs: number;
}

/** What the receiver has of the file. */
export interface Holding {
  /** It holds this many bytes from the beginning. */
  readonly offset: number;
  /** SHA-256 of those bytes. */
  readonly sha256: Uint8Array;
  /** The bytes are a finished file under this name, which only equal content may confirm. */
  readonly complete: boolean;
}

/** Metadata of a get stream: what the opener wants, and what it holds already. */
export interface Wanted {
  readonly name: string;
  readonly holding: Holding;
}

/** First message of the sender: the bytes from `offset` to `sizeBytes` follow. */
export interface Start {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** SHA-256 of the whole file: the sender's last message, and the receiver's answer to it. */
export interface Digest {
  readonly sha256: Uint8Array;
}

export function encodeOffer({ name, sizeBytes, modifiedMs }: Offer): Uint8Array {
  return encodeValue({ name, size: sizeBytes, modifiedMs });
}

export function encodeWanted({ name, holding }: Wanted): Uint8Array {
  return encodeValue({ name, ...holdingFields(holding) });
}

export function encodeHolding(holding: Holding): Uint8Array {
  return framed(holdingFields(holding));
}

export function encodeStart({ offset, sizeBytes, modifiedMs }: Start): Uint8Array {
  return framed({ offset, size: sizeBytes, modifiedMs });
}

export function encodeDigest({ sha256 }: Digest): Uint8Array {
  return framed({ sha256 });
}

/** @throws ProtocolError `E_BAD_REQUEST`, as all decoders here. */
export function decodeOffer(bytes: Uint8Array): Offer {
  const fields = Fields.of(bytes);
  return { name: fields.text('name'), sizeBytes: fields.uint('size'), modifiedMs: modifiedOf(fields) };
}

export function decodeWanted(bytes: Uint8Array): Wanted {
  const fields = Fields.of(bytes);
  return { name: fields.text('name'), holding: holdingOf(fields) };
}

export function decodeHolding(bytes: Uint8Array): Holding {
  return holdingOf(Fields.of(bytes));
}

export function decodeStart(bytes: Uint8Array): Start {
  const fields = Fields.of(bytes);
  const start = { offset: fields.uint('offset'), sizeBytes: fields.uint('size'), modifiedMs: modifiedOf(fields) };
  if (start.offset > start.sizeBytes) throw badMessage('an offset past the size');
  return start;
}

export function decodeDigest(bytes: Uint8Array): Digest {
  return { sha256: Fields.of(bytes).hash('sha256') };
}

function holdingFields({ offset, sha256, complete }: Holding): { readonly [key: string]: Value } {
  return { offset, sha256, complete };
}

function holdingOf(fields: Fields): Holding {
  return { offset: fields.uint('offset'), sha256: fields.hash('sha256'), complete: fields.flag('complete') };
}

function modifiedOf(fields: Fields): number {
  return fields.uint('modifiedMs', MODIFIED_MS_MAX);
}

function framed(value: Value): Uint8Array {
  const body = encodeValue(value);
  const message = new Uint8Array(MESSAGE_LENGTH_BYTES + body.length);
  new DataView(message.buffer).setUint32(0, body.length);
  message.set(body, MESSAGE_LENGTH_BYTES);
  return message;
}

function badMessage(why: string, cause?: unknown): ProtocolError {
  return new ProtocolError('E_BAD_REQUEST', `a file message with ${why}`, cause === undefined ? {} : { cause });
}

/** The fields of one message, each checked when it is asked for. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  static of(bytes: Uint8Array): Fields {
    let value: Value;
    try {
      value = decodeValue(bytes);
    } catch (cause) {
      throw badMessage('bytes that are no value', cause);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
      throw badMessage('something that is no map');
    return new Fields(new Map(Object.entries(value)));
  }

  text(name: string): string {
    const value = this.#values.get(name);
    if (typeof value !== 'string') throw badMessage(`no text "${name}"`);
    return value;
  }

  uint(name: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#values.get(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max || Object.is(value, -0))
      throw badMessage(`no integer "${name}" from 0 to ${max}`);
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values.get(name);
    if (typeof value !== 'boolean') throw badMessage(`no boolean "${name}"`);
    return value;
  }

  hash(name: string): Uint8Array {
    const value = this.#values.get(name);
    if (!(value instanceof Uint8Array) || value.length !== SHA256_BYTES) throw badMessage(`no hash "${name}"`);
    return value;
  }
}
