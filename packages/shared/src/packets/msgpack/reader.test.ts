/** Single values in every format that msgpack has for them, at the borders of each, whole and cut short. */
import { describe, expect, it } from '@jest/globals';
import { concat } from '../../bytes/index.ts';
import { ProtocolError } from '../../errors/index.ts';
import { UINT_MAX } from '../limits.ts';
import { MsgpackReader } from './reader.ts';

/** What stands behind the end that a reader was given: the bytes of another packet. */
const BEHIND = new Uint8Array(16);

/** A reader whose end is that of `value`, though its bytes go on. */
function readerOf(value: Uint8Array): MsgpackReader {
  const reader = new MsgpackReader(concat(value, BEHIND));
  reader.end = value.length;
  return reader;
}

/** What `read` returns, or the code of its ProtocolError. */
function outcome(value: Uint8Array, read: (reader: MsgpackReader) => unknown): unknown {
  const reader = readerOf(value);
  try {
    const result = read(reader);
    return reader.offset === value.length ? result : `read ${reader.offset} of ${value.length} bytes`;
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** A format of integers: its first byte, or undefined where the value itself is the one byte, and its range. */
interface IntegerFormat {
  readonly format: string;
  readonly tag?: number;
  readonly size: number;
  readonly min: bigint;
  readonly max: bigint;
}

const WIDTHS = [1, 2, 4, 8].map((size, index) => ({ size, index, bits: BigInt(size * 8) }));

/** All ten (msgpack specification, "int format family"). */
const INTEGER_FORMATS: readonly IntegerFormat[] = [
  { format: 'positive fixint', size: 1, min: 0n, max: 0x7fn },
  { format: 'negative fixint', size: 1, min: -0x20n, max: -1n },
  ...WIDTHS.map(({ size, index, bits }) => ({
    format: `uint ${bits}`,
    tag: 0xcc + index,
    size,
    min: 0n,
    max: 2n ** bits - 1n,
  })),
  ...WIDTHS.map(({ size, index, bits }) => ({
    format: `int ${bits}`,
    tag: 0xd0 + index,
    size,
    min: -(2n ** (bits - 1n)),
    max: 2n ** (bits - 1n) - 1n,
  })),
];

/** Around every power of two at which some format, or what a number can hold, ends. */
const BORDERS = [0, 5, 7, 8, 15, 16, 31, 32, 53, 63, 64].flatMap((bits) => {
  const border = 2n ** BigInt(bits);
  return [border - 1n, border, border + 1n].flatMap((value) => [value, -value]);
});

function integerBytes({ tag, size }: IntegerFormat, value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value));
  return concat(tag === undefined ? new Uint8Array(0) : Uint8Array.of(tag), bytes.subarray(8 - size));
}

const INTEGERS = INTEGER_FORMATS.map((format) => ({
  ...format,
  values: [...new Set(BORDERS)].filter((value) => value >= format.min && value <= format.max),
  bytesOf: (value: bigint) => integerBytes(format, value),
}));

describe.each(INTEGERS)('D9: integers as $format', ({ values, bytesOf, min, max }) => {
  it('the ends of the format are among what is tested', () => {
    expect(values).toEqual(expect.arrayContaining([min, max]));
  });

  it('are taken from 0 to 2^53 - 1, and refused below and above', () => {
    const judged = values.map((value) => [value, outcome(bytesOf(value), (reader) => reader.uint(0, UINT_MAX))]);
    const isTaken = (value: bigint): boolean => value >= 0n && value <= BigInt(UINT_MAX);
    expect(judged).toEqual(values.map((value) => [value, isTaken(value) ? Number(value) : 'E_MALFORMED']));
  });

  it('are held against the limits of the field, to the one', () => {
    for (const value of values.filter((each) => each >= 0n && each <= BigInt(UINT_MAX)).map(Number)) {
      const bytes = bytesOf(BigInt(value));
      expect(outcome(bytes, (reader) => reader.uint(value, value))).toBe(value);
      if (value > 0) expect(outcome(bytes, (reader) => reader.uint(0, value - 1))).toBe('E_MALFORMED');
      expect(outcome(bytes, (reader) => reader.uint(value + 1, UINT_MAX + 1))).toBe('E_MALFORMED');
    }
  });

  it('that are cut short are refused, whatever stands behind the end', () => {
    for (const value of values) {
      const bytes = bytesOf(value);
      for (let size = 0; size < bytes.length; size++)
        expect([value, outcome(bytes.subarray(0, size), (reader) => reader.uint(0, UINT_MAX))]).toEqual([
          value,
          'E_MALFORMED',
        ]);
    }
  });

  it('are skipped where they are not below zero, and refused elsewhere and cut short', () => {
    for (const value of values) {
      const bytes = bytesOf(value);
      const skipped = value < 0n ? 'E_MALFORMED' : undefined;
      expect([value, outcome(bytes, (reader) => reader.finish(1))]).toEqual([value, skipped]);
      for (let size = 0; size < bytes.length; size++)
        expect([value, outcome(bytes.subarray(0, size), (reader) => reader.finish(1))]).toEqual([value, 'E_MALFORMED']);
    }
  });

  it('are nothing else', () => {
    for (const bytes of values.map(bytesOf)) {
      expect(outcome(bytes, (reader) => reader.bool())).toBe('E_MALFORMED');
      expect(outcome(bytes, (reader) => reader.byteString(0, 99))).toBe('E_MALFORMED');
      expect(outcome(bytes, (reader) => reader.text(0, 99))).toBe('E_MALFORMED');
      expect(outcome(bytes, (reader) => reader.list(99))).toBe('E_MALFORMED');
      expect(readerOf(bytes).nil()).toBe(false);
    }
  });
});

/** Formats in which a length of so many bytes stands behind a first byte. */
interface SizedFormat {
  readonly format: string;
  readonly tag: number;
  readonly lengthBytes: number;
  readonly sizes: readonly number[];
  readonly kind: 'bin' | 'str' | 'array';
}

const SIZES_OF: Readonly<Record<number, readonly number[]>> = {
  1: [0, 1, 0x1f, 0x80, 0xff],
  2: [0, 1, 0xff, 0x100, 0x102],
  4: [0, 1, 0xff, 0x100, 0x102],
};

function sizedFormats(kind: SizedFormat['kind'], tag: number, widths: readonly number[]): SizedFormat[] {
  return widths.map((lengthBytes, index) => {
    const sizes = SIZES_OF[lengthBytes]!.filter((size) => kind !== 'array' || size < 0x20);
    return { format: `${kind} ${lengthBytes * 8}`, tag: tag + index, lengthBytes, sizes, kind };
  });
}

const SIZED = [
  ...sizedFormats('bin', 0xc4, [1, 2, 4]),
  ...sizedFormats('str', 0xd9, [1, 2, 4]),
  ...sizedFormats('array', 0xdc, [2, 4]),
  { format: 'fixstr', tag: 0xa0, lengthBytes: 0, sizes: [0, 1, 0x1f], kind: 'str' as const },
  { format: 'fixarray', tag: 0x90, lengthBytes: 0, sizes: [0, 1, 0x0f], kind: 'array' as const },
];

/** The bytes before the elements: `announced` of them. */
function header({ tag, lengthBytes }: SizedFormat, announced: number): Uint8Array {
  if (lengthBytes === 0) return Uint8Array.of(tag | announced);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, announced);
  return concat(Uint8Array.of(tag), length.subarray(4 - lengthBytes));
}

/** Letters, or as many nils. */
const content = ({ kind }: SizedFormat, size: number): Uint8Array =>
  new Uint8Array(size).fill(kind === 'array' ? 0xc0 : 0x61);

function readSized(reader: MsgpackReader, { kind }: SizedFormat, limit: number): number {
  if (kind === 'bin') return reader.byteString(0, limit).length;
  if (kind === 'str') return reader.text(0, limit).length;
  const count = reader.list(limit);
  for (let index = 0; index < count; index++) expect(reader.nil()).toBe(true);
  return count;
}

describe.each(SIZED)('D10: lengths as $format', (format) => {
  it.each(format.sizes)('%i: read, skipped, held against the limit, and refused where it is cut short', (size) => {
    const bytes = concat(header(format, size), content(format, size));
    expect(outcome(bytes, (reader) => readSized(reader, format, size))).toBe(size);
    expect(outcome(bytes, (reader) => reader.finish(1))).toBeUndefined();
    if (size > 0) expect(outcome(bytes, (reader) => readSized(reader, format, size - 1))).toBe('E_TOO_LARGE');
    const headerBytes = bytes.length - size;
    for (let cut = 0; cut < bytes.length; cut++) {
      const part = bytes.subarray(0, cut);
      expect([cut, outcome(part, (reader) => reader.finish(1))]).toEqual([cut, 'E_MALFORMED']);
      // The elements of a list are read, and cut short, on their own.
      if (format.kind === 'array' && cut >= headerBytes) continue;
      expect([cut, outcome(part, (reader) => readSized(reader, format, size))]).toEqual([cut, 'E_MALFORMED']);
    }
  });
});

describe('D9: single bytes', () => {
  it('only 0xC0 is nil, only 0xC2 and 0xC3 are booleans', () => {
    for (let byte = 0; byte < 0x100; byte++) {
      const value = Uint8Array.of(byte);
      expect([byte, readerOf(value).nil()]).toEqual([byte, byte === 0xc0]);
      const bool = byte === 0xc2 || byte === 0xc3 ? byte === 0xc3 : 'E_MALFORMED';
      expect([byte, outcome(value, (reader) => reader.bool())]).toEqual([byte, bool]);
    }
  });

  it('behind the end there is nothing: no nil, no boolean', () => {
    const reader = new MsgpackReader(Uint8Array.of(0xc0));
    reader.end = 0;
    expect(reader.nil()).toBe(false);
    reader.reset(Uint8Array.of(0xc3));
    reader.end = 0;
    expect(() => reader.bool()).toThrow(ProtocolError);
  });
});

describe('D9: texts', () => {
  it('that begin or end alike, or came before, are not taken for each other', () => {
    const texts = Array.from({ length: 40 }, (_, size) => 'content/type'.repeat(4).slice(0, size)).flatMap((text) => [
      text,
      `${text}x`,
      `x${text}`,
      text.replace('e', 'é'),
      text.replace('t', 'T'),
    ]);
    const reader = new MsgpackReader(new Uint8Array(0));
    for (const text of [...texts, ...texts.toReversed(), ...texts]) {
      const letters = new TextEncoder().encode(text);
      reader.reset(concat(Uint8Array.of(0xd9, letters.length), letters));
      expect(reader.text(0, 99)).toBe(text);
    }
  });
});
