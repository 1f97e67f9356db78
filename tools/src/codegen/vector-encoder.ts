/**
 * Writes the bytes of vectors with msgpackr's packer, not with the product's codec: the two must agree on every byte
 * (`docs/packets/README.md`, "Vectors").
 */
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false, structuredClone: false });

/** What a field of a vector can hold. */
export type VectorValue = number | boolean | string | Uint8Array | null | readonly Uint8Array[];

/** One value in its smallest form. */
export function element(value: VectorValue): Uint8Array {
  // msgpackr writes integers of more than 32 bits as floats, so that this one format is written by hand.
  if (typeof value === 'number' && value > 0xffff_ffff) return uint64(BigInt(value));
  if (Array.isArray(value)) return array(value.map((part: Uint8Array) => element(part)));
  return new Uint8Array(packr.pack(value));
}

/** The eight-byte form of an integer, however small it is. */
export function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcf;
  new DataView(bytes.buffer).setBigUint64(1, value);
  return bytes;
}

/** The form of a float. */
export function float64(value: number): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, value);
  return bytes;
}

/** An array of encoded elements; its header is that of msgpackr for an array of this length. */
export function array(elements: readonly Uint8Array[]): Uint8Array {
  const nils = packr.pack(new Array<null>(elements.length).fill(null));
  return join([nils.subarray(0, nils.length - elements.length), ...elements]);
}

/** A packet: header and body. */
export function packet(id: number, body: Uint8Array, announced = body.length): Uint8Array {
  return join([Uint8Array.of(id, announced >>> 16, (announced >>> 8) & 0xff, announced & 0xff), body]);
}

/** Parts in a row. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

const RUN_MIN = 16;

/** Hexadecimal in which `(61*300)` stands for 300 bytes 0x61. */
export function runHex(bytes: Uint8Array): string {
  let text = '';
  let offset = 0;
  for (let byte = bytes[offset]; byte !== undefined; byte = bytes[offset]) {
    let end = offset + 1;
    while (end < bytes.length && bytes[end] === byte) end++;
    const hex = byte.toString(16).padStart(2, '0');
    const count = end - offset;
    text += count < RUN_MIN ? hex.repeat(count) : `(${hex}*${count})`;
    offset = end;
  }
  return text;
}
