import { describe, expect, it } from '@jest/globals';
import { AssertionFailure } from '../errors/index.ts';
import { ByteWriter } from './byte-writer.ts';

describe('ByteWriter', () => {
  it('writes big-endian numbers and copies of bytes', () => {
    const part = Uint8Array.of(7);
    const writer = new ByteWriter().u8(0xff).u16(0x0102).u32(0xffff_fffe).bytes(part);
    part[0] = 0;
    expect([...writer.toBytes()]).toEqual([0xff, 1, 2, 0xff, 0xff, 0xff, 0xfe, 7]);
  });

  it.each([0, 1, 255, 256])('grows from a capacity of %i and keeps what was written', (capacity) => {
    const writer = new ByteWriter(capacity);
    for (let value = 0; value < 2_000; value++) writer.u16(value);
    writer.bytes(new Uint8Array(10_000).fill(5));
    const bytes = writer.toBytes();
    expect(bytes).toHaveLength(14_000);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    for (let value = 0; value < 2_000; value++) expect(view.getUint16(value * 2)).toBe(value);
    expect(bytes.subarray(4_000).every((byte) => byte === 5)).toBe(true);
  });

  it('toBytes is a copy, written a view, reset keeps the memory', () => {
    const writer = new ByteWriter().u8(1);
    const copy = writer.toBytes();
    const { buffer } = writer;
    writer.reset();
    expect(writer.written()).toHaveLength(0);
    writer.u8(2);
    expect([...copy, ...writer.written()]).toEqual([1, 2]);
    expect(writer.buffer).toBe(buffer);
  });

  it('asserts on numbers that do not fit', () => {
    for (const write of [
      (writer: ByteWriter) => writer.u8(256),
      (writer: ByteWriter) => writer.u16(65_536),
      (writer: ByteWriter) => writer.u32(2 ** 32),
      (writer: ByteWriter) => writer.u8(-1),
    ]) {
      expect(() => write(new ByteWriter())).toThrow(AssertionFailure);
    }
  });
});
