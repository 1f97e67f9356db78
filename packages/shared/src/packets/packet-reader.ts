/**
 * Takes the packets out of the plaintext of a record, one after the other: `[id u8][length u24][msgpack array]`
 * (`docs/packets/README.md`).
 *
 * Not here: whether a packet is allowed in this state or from this side. That is the session's question.
 */
import { ProtocolError } from '../errors/index.ts';
import { PACKET_INFO, decodePacketBody, type Packet } from './generated/packet.ts';
import { PACKET_HEADER_BYTES } from './limits.ts';
import { MsgpackReader } from './msgpack/reader.ts';

const NOTHING = new Uint8Array(0);

/** First wire version of each id; 0 for ids that no packet has. */
const SINCE = new Uint8Array(256);
for (const [id, { since }] of Object.entries(PACKET_INFO)) SINCE[Number(id)] = since;
const NEWEST_VERSION = Math.max(...SINCE);

/**
 * Reads packets. One reader serves a connection for all its records; after an error it is of no more use.
 *
 * Byte fields of packets are views of the plaintext: it belongs to the packets from `reset` on and may not be reused.
 *
 * @example
 * reader.reset(plaintext);
 * for (let packet = reader.next(); packet !== undefined; packet = reader.next()) handle(packet);
 */
export class PacketReader {
  readonly #reader: MsgpackReader;
  #plaintext: Uint8Array;
  #version: number;
  #start = 0;
  #offset = 0;

  constructor(plaintext: Uint8Array = NOTHING, version = NEWEST_VERSION) {
    this.#plaintext = plaintext;
    this.#version = version;
    this.#reader = new MsgpackReader(plaintext);
  }

  /** Goes on with the plaintext of the next record, in which packets of later versions than this are unknown. */
  reset(plaintext: Uint8Array, version = NEWEST_VERSION): void {
    this.#plaintext = plaintext;
    this.#version = version;
    this.#reader.reset(plaintext);
    this.#start = 0;
    this.#offset = 0;
  }

  /**
   * The next packet, or undefined at the end of the plaintext.
   *
   * @throws ProtocolError `E_UNKNOWN_PACKET`, `E_MALFORMED` or `E_TOO_LARGE`; nothing else, whatever the bytes are.
   */
  next(): Packet | undefined {
    const plaintext = this.#plaintext;
    const start = this.#offset;
    if (start === plaintext.length) return undefined;
    const bodyStart = start + PACKET_HEADER_BYTES;
    if (bodyStart > plaintext.length) throw new ProtocolError('E_MALFORMED', 'packet header cut short');
    const size = (plaintext[start + 1]! << 16) | (plaintext[start + 2]! << 8) | plaintext[start + 3]!;
    const end = bodyStart + size;
    if (end > plaintext.length) throw new ProtocolError('E_MALFORMED', 'packet longer than its record');
    const id = plaintext[start]!;
    if (SINCE[id]! > this.#version) throw new ProtocolError('E_UNKNOWN_PACKET', `a later version has the id ${id}`);
    this.#start = start;
    this.#offset = end;
    const reader = this.#reader;
    reader.offset = bodyStart;
    reader.end = end;
    return decodePacketBody(id, reader);
  }

  /** The packet that `next` returned last as it was on the wire, header included (a view): for transcript hashes. */
  raw(): Uint8Array {
    return this.#plaintext.subarray(this.#start, this.#offset);
  }
}
