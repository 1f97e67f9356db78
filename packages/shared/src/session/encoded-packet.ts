/** One packet on its own: what a key update binds into the next keys, byte for byte. */
import { ByteWriter } from '../bytes/index.ts';

/** The bytes of one packet with its header, in a new array. */
export function encodedPacket(encode: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  encode(writer);
  return writer.toBytes();
}
