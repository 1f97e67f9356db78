/**
 * Messages between nodes (docs/protocols/requests.md §7): what they look like. Requests and answers are the packets that
 * agents send, so there is one form of them.
 *
 *   version u8 | length u8, name of the sender | kind u8 | what the kind has
 */
import { ByteWriter, utf8Decode, utf8Encode } from '@sealane/shared/bytes';
import { ProtocolError, assert } from '@sealane/shared/errors';
import {
  PacketReader,
  UINT_MAX,
  decodeValue,
  encodeCancel,
  encodeRequest,
  encodeResponse,
  encodeValue,
  type Cancel,
  type Packet,
  type Request,
  type Response,
} from '@sealane/shared/packets';

/** The version that this program speaks. */
export const NODE_MESSAGE_VERSION = 1;
/** Says "I do not speak your version". Every version knows it, and nobody answers it. */
const NO_VERSION = 0;

const KINDS = { request: 1, response: 2, cancel: 3, look: 4, here: 5 } as const;
const SENDER_BYTES_MAX = 255;
/** Version and length of the sender. */
const HEAD_BYTES = 2;

/** What one node tells another. */
export type NodeMessage =
  | { readonly kind: 'request'; readonly request: Omit<Request, 'id'> }
  /** @param number of the answers to one request, from 1 on: so a lost one is noticed. */
  | { readonly kind: 'response'; readonly number: number; readonly response: Omit<Response, 'id'> }
  | { readonly kind: 'cancel'; readonly requestId: number }
  /** All requests that the sender waits for at the receiver. */
  | { readonly kind: 'look'; readonly requestIds: readonly number[] }
  /** Answers a look: those of them that the sender knows nothing of. */
  | { readonly kind: 'here'; readonly requestIds: readonly number[] }
  /** The sender does not speak the version of the receiver. */
  | { readonly kind: 'other-version' };

/** What came: from whom, and what it says; undefined for a version that is not known here. */
export interface ReceivedNodeMessage {
  readonly sender: string;
  readonly message: NodeMessage | undefined;
}

/** The bytes of a message. They are the caller's. */
export function encodeNodeMessage(sender: string, message: NodeMessage): Uint8Array {
  const name = utf8Encode(sender);
  assert(name.length > 0 && name.length <= SENDER_BYTES_MAX, 'a node has a short name');
  const version = message.kind === 'other-version' ? NO_VERSION : NODE_MESSAGE_VERSION;
  const writer = new ByteWriter().u8(version).u8(name.length).bytes(name);
  if (message.kind !== 'other-version') writeContent(writer.u8(KINDS[message.kind]), message);
  return writer.written();
}

/**
 * Reads a message. Its bytes belong to what it says from then on.
 *
 * @throws ProtocolError for what is none; nothing else, whatever the bytes are.
 */
export function decodeNodeMessage(bytes: Uint8Array): ReceivedNodeMessage {
  const [version, size = 0] = bytes;
  const end = HEAD_BYTES + size;
  const sender = size > 0 && end <= bytes.length ? utf8Decode(bytes.subarray(HEAD_BYTES, end)) : undefined;
  if (sender === undefined) throw malformed();
  if (version === NO_VERSION) return { sender, message: { kind: 'other-version' } };
  if (version !== NODE_MESSAGE_VERSION) return { sender, message: undefined };
  return { sender, message: readContent(bytes[end], bytes.subarray(end + 1)) };
}

function writeContent(writer: ByteWriter, message: Exclude<NodeMessage, { kind: 'other-version' }>): void {
  switch (message.kind) {
    case 'request': {
      const { requestId, name, body, contentType, timeoutMs, to, from } = message.request;
      encodeRequest(writer, requestId, name, body, contentType, timeoutMs, to, from);
      return;
    }
    case 'response': {
      const { requestId, status, last, body, contentType, code } = message.response;
      encodeResponse(writer.u32(message.number), requestId, status, last, body, contentType, code);
      return;
    }
    case 'cancel':
      encodeCancel(writer, message.requestId);
      return;
    case 'look':
    case 'here':
      writer.bytes(encodeValue(message.requestIds));
  }
}

function readContent(kind: number | undefined, bytes: Uint8Array): NodeMessage {
  switch (kind) {
    case KINDS.request:
      return { kind: 'request', request: onlyPacket<Request>(bytes, 0x20) };
    case KINDS.response: {
      if (bytes.length < 4) throw malformed();
      const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
      return { kind: 'response', number, response: onlyPacket<Response>(bytes.subarray(4), 0x21) };
    }
    case KINDS.cancel:
      return { kind: 'cancel', requestId: onlyPacket<Cancel>(bytes, 0x22).requestId };
    case KINDS.look:
      return { kind: 'look', requestIds: readIds(bytes) };
    case KINDS.here:
      return { kind: 'here', requestIds: readIds(bytes) };
    default:
      throw malformed();
  }
}

function onlyPacket<Wanted extends Packet>(bytes: Uint8Array, id: Wanted['id']): Wanted {
  const reader = new PacketReader(bytes);
  const packet = reader.next();
  if (packet?.id !== id || reader.next() !== undefined) throw malformed();
  return packet as Wanted;
}

function readIds(bytes: Uint8Array): readonly number[] {
  const ids = decodeValue(bytes);
  if (!Array.isArray(ids) || !ids.every(isRequestId)) throw malformed();
  return ids;
}

function isRequestId(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= UINT_MAX;
}

function malformed(): ProtocolError {
  return new ProtocolError('E_MALFORMED', 'no message of a node');
}
