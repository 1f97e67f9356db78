/**
 * Packets with any values at all, in an encoding of their own: what the product's encoders would refuse to write. Not part of
 * the product.
 */

/** Bytes that stand in a packet as they are. */
export class Verbatim {
  readonly bytes: Uint8Array;

  constructor(...bytes: readonly number[]) {
    this.bytes = Uint8Array.from(bytes);
  }
}

export type RawValue = null | boolean | number | bigint | string | Uint8Array | Verbatim;

/** `[id u8][length u24][msgpack array]`. Integers and lengths stand in the shortest form, floats as float 64. */
export function rawPacket(id: number, values: readonly RawValue[]): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(0xdc, values.length >> 8, values.length & 0xff), ...values.map(encode)]);
  const short = values.length < 16 ? Buffer.concat([Uint8Array.of(0x90 | values.length), body.subarray(3)]) : body;
  return Buffer.concat([Uint8Array.of(id, short.length >> 16, (short.length >> 8) & 0xff, short.length & 0xff), short]);
}

function encode(value: RawValue): Uint8Array {
  if (value === null) return Uint8Array.of(0xc0);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xc3 : 0xc2);
  if (value instanceof Verbatim) return value.bytes;
  if (value instanceof Uint8Array) return sized([0xc4, 0xc5, 0xc6], value);
  if (typeof value === 'string') return text(Buffer.from(value));
  if (typeof value === 'number' && !Number.isInteger(value)) return float(value);
  return integer(BigInt(value));
}

function text(bytes: Uint8Array): Uint8Array {
  return bytes.length < 32
    ? Buffer.concat([Uint8Array.of(0xa0 | bytes.length), bytes])
    : sized([0xd9, 0xda, 0xdb], bytes);
}

function sized(types: readonly [number, number, number], bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const head =
    length < 0x100
      ? [types[0], length]
      : length < 0x1_0000
        ? [types[1], length >> 8, length & 0xff]
        : [types[2], length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Uint8Array.from(head), bytes]);
}

function float(value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcb;
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

function integer(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(9);
  if (value < 0n) {
    bytes[0] = 0xd3;
    bytes.writeBigInt64BE(value, 1);
    return bytes;
  }
  if (value < 0x80n) return Uint8Array.of(Number(value));
  if (value < 0x100n) return Uint8Array.of(0xcc, Number(value));
  if (value < 0x1_0000n) return Uint8Array.of(0xcd, Number(value >> 8n), Number(value & 0xffn));
  if (value < 0x1_0000_0000n) {
    bytes[0] = 0xce;
    bytes.writeUInt32BE(Number(value), 1);
    return bytes.subarray(0, 5);
  }
  bytes[0] = 0xcf;
  bytes.writeBigUInt64BE(value, 1);
  return bytes;
}
