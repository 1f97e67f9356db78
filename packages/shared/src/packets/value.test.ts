import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { fromHex } from '../bytes/index.ts';
import { VALUE_DEPTH_MAX, VALUE_ELEMENTS_MAX } from './limits.ts';
import { ProtocolError } from '../errors/index.ts';
import { decodeValue, encodeValue, type Value } from './value.ts';

const bytes = (hex: string) => fromHex(hex.replaceAll(' ', ''))!;

/** The code with which `decodeValue` refuses, or `accepted`. Any other error fails the test. */
function refusal(input: Uint8Array): string {
  try {
    decodeValue(input);
    return 'accepted';
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** A map header of 32 bits with `count` entries, then `entries` bytes. */
function mapOf(count: number, entries: Uint8Array): Uint8Array {
  const map = new Uint8Array(5 + entries.length);
  map[0] = 0xdf;
  new DataView(map.buffer).setUint32(1, count);
  map.set(entries, 5);
  return map;
}

it('round trip: every value comes back as it was', () => {
  const key = fc
    .string({ unit: 'grapheme' })
    .filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text));
  const { value } = fc.letrec<{ value: Value }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ unit: 'grapheme' }),
      fc.uint8Array(),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  }));
  fc.assert(
    fc.property(value, (original) => {
      expect(plain(decodeValue(encodeValue(original)))).toEqual(plain(original));
    }),
  );
});

/** Byte strings as numbers, because their classes differ between realms; -0 as 0, which msgpack integers cannot tell. */
function plain(value: Value): unknown {
  if (value === 0) return 0;
  if (value === null || typeof value !== 'object') return value;
  if (ArrayBuffer.isView(value)) return { bytes: [...value] };
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, element]) => [key, plain(element)]));
}

it('D4: refuses a map of a million empty keys by its count, before it reads one', () => {
  const map = mapOf(1_000_000, new Uint8Array(2_000_000).fill(0xa0));
  // The fastest of three: a busy machine may stop for longer than this takes.
  const durations = [1, 2, 3].map(() => {
    const started = performance.now();
    expect(refusal(map)).toBe('E_TOO_LARGE');
    return performance.now() - started;
  });
  expect(Math.min(...durations)).toBeLessThan(20);
});

it('D4: refuses counts that the bytes cannot hold without making room for them', () => {
  expect(refusal(bytes('ddffffffff'))).toBe('E_TOO_LARGE');
  expect(refusal(bytes('dfffffffff'))).toBe('E_TOO_LARGE');
  expect(refusal(bytes('c6ffffffff'))).toBe('E_MALFORMED');
  expect(refusal(bytes('dbffffffff'))).toBe('E_MALFORMED');
});

it('D10: refuses a key that stands twice in a map, wherever the two stand', () => {
  const keys = Array.from({ length: 100 }, (_, index) => `key ${index}`);
  const entry = (key: string): number[] => [0xa0 | key.length, ...new TextEncoder().encode(key), 0xc0];
  const map = (names: readonly string[]): Uint8Array => mapOf(names.length, Uint8Array.from(names.flatMap(entry)));
  expect(refusal(map(keys))).toBe('accepted');
  for (const [first, second] of [
    [0, 1],
    [0, 99],
    [50, 99],
    [98, 99],
  ] as const)
    expect(refusal(map(keys.with(second, keys[first]!)))).toBe('E_MALFORMED');
});

it('D4: counts the elements of all levels together', () => {
  const inner = new Array<number>(VALUE_ELEMENTS_MAX / 2).fill(0);
  expect(refusal(new Packr({ useRecords: false }).pack([inner, inner]))).toBe('E_TOO_LARGE');
  expect(decodeValue(encodeValue(new Array<number>(VALUE_ELEMENTS_MAX).fill(0)))).toHaveLength(VALUE_ELEMENTS_MAX);
});

it('D5: keys made to collide cost no stall', () => {
  // Strings of digits are hashed by their value in V8: multiples of a power of two share a bucket.
  const keys = Array.from({ length: VALUE_ELEMENTS_MAX }, (_, index) => String(index * 2 ** 16));
  const hostile = new Packr({ useRecords: false, mapsAsObjects: true }).pack(new Map(keys.map((key) => [key, 0])));
  const started = performance.now();
  expect(refusal(hostile)).toBe('accepted');
  expect(performance.now() - started).toBeLessThan(2_000);
});

it('D10: takes floats and integers up to 2^53 - 1, and none beyond', () => {
  expect(decodeValue(bytes('cb 7ff8000000000000'))).toBeNaN();
  expect(decodeValue(bytes('cb 8000000000000000'))).toBe(-0);
  expect(decodeValue(bytes('cf 001fffffffffffff'))).toBe(Number.MAX_SAFE_INTEGER);
  expect(decodeValue(bytes('d3 ffe0000000000001'))).toBe(Number.MIN_SAFE_INTEGER);
  expect(refusal(bytes('cf 0020000000000000'))).toBe('E_MALFORMED');
  expect(refusal(bytes('cf 0020000000000001'))).toBe('E_MALFORMED');
  expect(refusal(bytes('d3 ffe0000000000000'))).toBe('E_MALFORMED');
});

it.each([
  ['byte 0xC1', 'c1'],
  ['byte 0xC1 inside an array', '92 01 c1'],
  ['an extension of one byte', 'd4 00 00'],
  ['a timestamp', 'd6 ff 00000000'],
  ['a record defined by the peer', 'd4 72 40 91 a1 61 01'],
  ['the key __proto__', '81 a9 5f5f70726f746f5f5f 80'],
  ['the key constructor', '81 ab 636f6e7374727563746f72 01'],
  ['the key prototype', '81 a9 70726f746f74797065 01'],
  ['a key twice', '82 a1 61 01 a1 61 02'],
  ['a key twice in two widths', '82 a1 61 01 d9 01 61 02'],
  ['a key that is a number', '81 01 01'],
  ['a key that is bytes', '81 c4 01 61 01'],
  ['text that is no UTF-8', 'a2 c3 28'],
  ['text with a surrogate', 'a3 eda080'],
  ['a value cut short', 'ce 0000'],
  ['an array cut short', '93 01 02'],
  ['nothing at all', ''],
  ['a second value', '01 02'],
])('D10: refuses %s', (_, hex) => {
  expect(refusal(bytes(hex))).toBe('E_MALFORMED');
});

it('refuses a value that nests one level too deep', () => {
  const nested = (levels: number) => new Uint8Array([...new Array<number>(levels).fill(0x91), 0xc0]);
  expect(refusal(nested(VALUE_DEPTH_MAX))).toBe('accepted');
  expect(refusal(nested(VALUE_DEPTH_MAX + 1))).toBe('E_TOO_LARGE');
});

it('throws nothing but ProtocolError, whatever the bytes are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      expect(['accepted', 'E_MALFORMED', 'E_TOO_LARGE']).toContain(refusal(input));
    }),
    { numRuns: 5_000 },
  );
});

it('what it makes of bytes is independent of them', () => {
  const input = bytes('c4 02 0102');
  const value = decodeValue(input) as Uint8Array;
  input.fill(0xff);
  expect([...value]).toEqual([1, 2]);
});

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

it.each([
  ['undefined', undefined, TypeError],
  ['undefined in an object', { a: undefined }, TypeError],
  ['a function', () => 1, TypeError],
  ['a bigint', 1n, TypeError],
  ['a date', new Date(0), TypeError],
  ['a map', new Map(), TypeError],
  ['a set', new Set(), TypeError],
  ['a forbidden key', JSON.parse('{"__proto__":1}'), TypeError],
  ['a lone surrogate', '\ud800', TypeError],
  ['a cycle', cycle, RangeError],
  ['too many elements', new Array(VALUE_ELEMENTS_MAX + 1).fill(0), RangeError],
])('refuses to encode %s', (_, value, expected) => {
  expect(() => encodeValue(value as Value)).toThrow(expected);
});
