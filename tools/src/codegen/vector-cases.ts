/** The cases of the vectors: values at and within the limits, and faults, each with one thing wrong. */
import type { Field, Fields } from '@sealane/shared/packets';
import { requiredCount, requiredOf } from './generated-file.ts';
import { array, element, float64, join, uint64, type VectorValue } from './vector-encoder.ts';

/** Values of the fields of one packet, by name. */
export type VectorFields = Readonly<Record<string, VectorValue>>;

/** Fields that make a valid packet, and the body that encodes them. */
export interface ValidCase {
  readonly name: string;
  readonly fields: VectorFields;
  readonly body: Uint8Array;
  /** Whether an encoder that writes smallest forms and the fields of version 1 writes exactly this. */
  readonly canonical: boolean;
}

/** A body with one thing wrong. */
export interface InvalidCase {
  readonly name: string;
  readonly body: Uint8Array;
  readonly error: 'E_MALFORMED' | 'E_TOO_LARGE';
}

/** Values that read well in the docs; a field not named here gets one by its type. */
const EXAMPLES: VectorFields = {
  name: 'echo',
  body: ascii('Hello from client!'),
  contentType: 'text/plain',
  timeoutMs: 10_000,
  to: null,
  from: null,
  agentId: 'a-17',
  instance: 'main',
  build: 'sealane/0.1.0',
  address: '192.0.2.7:1337',
  metadata: ascii('{}'),
  pingIntervalMs: 5_000,
  idleTimeoutMs: 15_000,
  retryBaseMs: 500,
  retryCapMs: 30_000,
  retryWindowMs: 5_000,
  status: 0,
  code: 0,
  kemKey: null,
  kemCiphertext: null,
  comeBackAfterMs: 2_000,
  drainMs: 10_000,
  retryAfterMs: 1_000,
  frameBytesMax: 262_172,
  streamsMax: 256,
  requestsInFlightMax: 256,
  connectionWindowBytes: 16_777_216,
  streamWindowBytes: 262_144,
  capabilities: 0,
};

/** The same for packets of events, where a name there means something else. */
const EVENT_EXAMPLES: VectorFields = {
  subscription: 1,
  producer: 1,
  topic: 'fleet.eu.temperature',
  group: null,
  windowEvents: 256,
  ackWaitMs: 30_000,
  lineage: ascending(16),
  cursor: 41,
  doneBitmap: Uint8Array.of(0b0000_0101),
  nextSequence: 45,
  waiting: 3,
  durability: 0,
  sequence: 42,
  attempt: 1,
  eventId: 'wkY3pQ0aXr7TtB9z-17',
  publishedAt: 1_790_000_000_000,
  lastSeenAt: 1_790_000_000_000,
  from: 'agent:a-17',
  to: 'topic:fleet.eu.temperature',
  producerId: 'wkY3pQ0aXr7TtB9z',
  number: 17,
  settledNumber: 16,
  count: 1,
  ttlMs: 86_400_000,
  delayMs: 0,
  relaxed: false,
  forget: false,
  reason: 'no space left on device',
};

/** Every valid case of a set of fields; the first one is the example of the docs. */
export function validCases(fields: Fields): readonly [ValidCase, ...ValidCase[]] {
  const entries = Object.entries(fields);
  const example = valuesOf(entries, exampleOf);
  const minimum = valuesOf(entries, (_, field) => minimumOf(field));
  const cases: [ValidCase, ...ValidCase[]] = [
    encoded('example', example),
    encoded('every field at its minimum', minimum),
    encoded(
      'every field at its maximum',
      valuesOf(entries, (_, field) => maximumOf(requiredOf(field))),
    ),
    { ...encoded('integers in eight bytes', minimum), body: wide(minimum), canonical: false },
    {
      ...encoded('one element of a newer peer', minimum),
      body: array([...elementsOf(minimum), array([element(1), element('new'), element(null)])]),
      canonical: false,
    },
  ];
  for (const [name, field] of entries) cases.push(...textCases(name, field, minimum));
  cases.push(...widthCases(fields));
  const required = requiredCount(Object.values(fields));
  if (required < entries.length) {
    cases.push({
      ...encoded('optional fields at the end left out', minimum),
      body: array(elementsOf(minimum).slice(0, required)),
      canonical: false,
    });
  }
  return cases;
}

/** Every invalid body of a set of fields. */
export function invalidCases(fields: Fields): readonly InvalidCase[] {
  const entries = Object.entries(fields);
  const minimum = elementsOf(valuesOf(entries, (_, field) => minimumOf(field)));
  const body = array(minimum);
  const required = requiredCount(Object.values(fields));
  const cases: InvalidCase[] = [
    malformed('no array', new Uint8Array(0)),
    malformed('a map in place of the array', Uint8Array.of(0x80)),
    malformed('an extension in place of the array', Uint8Array.of(0xd4, 0x00, 0x00)),
    malformed('one field too few', array(minimum.slice(0, required - 1))),
    malformed('a byte after the array', join([body, Uint8Array.of(0xc0)])),
    malformed('the last byte missing', body.subarray(0, body.length - 1)),
  ];
  entries.forEach(([name, field], index) => {
    for (const { fault, bytes, error } of fieldFaults(field)) {
      cases.push({ name: `${name}: ${fault}`, body: array(minimum.with(index, bytes)), error });
    }
  });
  return cases;
}

/** Elements that a newer peer might append but never may, because they are not in the language of fields. */
export function invalidExtras(fields: Fields): readonly InvalidCase[] {
  const minimum = elementsOf(valuesOf(Object.entries(fields), (_, field) => minimumOf(field)));
  const nested = (depth: number): Uint8Array => (depth === 0 ? element(null) : array([nested(depth - 1)]));
  const withExtra = (extra: Uint8Array): Uint8Array => array([...minimum, extra]);
  return [
    malformed('extra element: a map', withExtra(Uint8Array.of(0x80))),
    malformed('extra element: an extension', withExtra(Uint8Array.of(0xd4, 0x00, 0x00))),
    malformed('extra element: a float', withExtra(float64(1))),
    malformed('extra element: a negative integer', withExtra(Uint8Array.of(0xff))),
    malformed('extra element: byte 0xC1', withExtra(Uint8Array.of(0xc1))),
    tooLarge('extra element: nested five deep', withExtra(nested(5))),
    tooLarge('extra element: an array of 64', withExtra(array(new Array<Uint8Array>(64).fill(element(null))))),
    tooLarge(
      'extra element: an array announced with 2^32 - 1 elements',
      withExtra(Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)),
    ),
  ];
}

/** Integers below zero in the formats that hold them, for every field that is one, and in an element of a newer peer. */
export function negativeIntegers(fields: Fields): readonly InvalidCase[] {
  const minimum = elementsOf(valuesOf(Object.entries(fields), (_, field) => minimumOf(field)));
  const cases = Object.entries(fields).flatMap(([name, field], index) => {
    if (requiredOf(field).kind !== 'uint') return [];
    return NEGATIVE_INTEGERS.map(({ fault, bytes }) =>
      malformed(`${name}: ${fault}`, array(minimum.with(index, bytes))),
    );
  });
  const extras = NEGATIVE_INTEGERS.map(({ fault, bytes }) =>
    malformed(`extra element: ${fault}`, array([...minimum, bytes])),
  );
  return [...cases, ...extras];
}

/** The smallest one and -1, in each width; the sign bit alone is what a decoder may take for a large integer. */
const NEGATIVE_INTEGERS = [1, 2, 4, 8].flatMap((size, index) => {
  const signed = (bytes: Uint8Array): Uint8Array => join([Uint8Array.of(0xd0 + index), bytes]);
  return [
    { fault: `-2^${size * 8 - 1} in int ${size * 8}`, bytes: signed(new Uint8Array(size).with(0, 0x80)) },
    { fault: `-1 in int ${size * 8}`, bytes: signed(new Uint8Array(size).fill(0xff)) },
  ];
});

interface FieldFault {
  readonly fault: string;
  readonly bytes: Uint8Array;
  readonly error: 'E_MALFORMED' | 'E_TOO_LARGE';
}

function fieldFaults(field: Field): readonly FieldFault[] {
  const inner = requiredOf(field);
  const bad = (fault: string, bytes: Uint8Array): FieldFault => ({ fault, bytes, error: 'E_MALFORMED' });
  const large = (fault: string, bytes: Uint8Array): FieldFault => ({ fault, bytes, error: 'E_TOO_LARGE' });
  const faults = [bad('byte 0xC1', Uint8Array.of(0xc1)), bad('a map', Uint8Array.of(0x80))];
  if (field.kind !== 'optional') faults.push(bad('nil', element(null)));
  switch (inner.kind) {
    case 'uint':
      faults.push(bad('a float', float64(1)), bad('NaN', float64(Number.NaN)), bad('-0 as a float', float64(-0)));
      faults.push(
        bad('-1', Uint8Array.of(0xff)),
        bad('-1 in eight bytes', Uint8Array.of(0xd3, ...new Uint8Array(8).fill(0xff))),
      );
      faults.push(bad('text', element('1')), bad('2^53 + 1', uint64(2n ** 53n + 1n)));
      if (inner.max < Number.MAX_SAFE_INTEGER) faults.push(bad('above its maximum', element(inner.max + 1)));
      if (inner.min > 0) faults.push(bad('below its minimum', element(inner.min - 1)));
      break;
    case 'bool':
      faults.push(bad('an integer', element(1)));
      break;
    case 'bytes':
      faults.push(
        bad('text', element('a'.repeat(inner.min))),
        large('one byte too long', element(filled(inner.max + 1))),
      );
      faults.push(large('announced with 2^32 - 1 bytes', Uint8Array.of(0xc6, 0xff, 0xff, 0xff, 0xff)));
      if (inner.min > 0) faults.push(bad('one byte too short', element(filled(inner.min - 1))));
      break;
    case 'text':
      faults.push(
        bad('bytes', element(filled(inner.min))),
        large('one byte too long', element('a'.repeat(inner.max + 1))),
      );
      faults.push(
        bad('not UTF-8', Uint8Array.of(0xa2, 0xc3, 0x28)),
        bad('a surrogate', Uint8Array.of(0xa3, 0xed, 0xa0, 0x80)),
      );
      faults.push(bad('an overlong form', Uint8Array.of(0xa2, 0xc0, 0x80)));
      faults.push(large('announced with 2^32 - 1 bytes', Uint8Array.of(0xdb, 0xff, 0xff, 0xff, 0xff)));
      if (inner.min > 0) faults.push(bad('empty', element('')));
      break;
    case 'list': {
      const part = filled(inner.element.min);
      faults.push(large('one element too many', element(new Array<Uint8Array>(inner.maxCount + 1).fill(part))));
      faults.push(large('announced with 2^32 - 1 elements', Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff)));
      faults.push(large('an element one byte too long', element([filled(inner.element.max + 1)])));
    }
  }
  return faults;
}

function textCases(name: string, field: Field, minimum: VectorFields): ValidCase[] {
  const inner = requiredOf(field);
  if (inner.kind !== 'text') return [];
  return [encoded(`${name}: NUL, right-to-left override, emoji`, { ...minimum, [name]: '\u0000\u202e\u{1f6e5}' })];
}

/** Integers at which the form changes, for packets that are one integer and nothing else. */
function widthCases(fields: Fields): ValidCase[] {
  const [[name, field] = ['', undefined], ...others] = Object.entries(fields);
  if (others.length > 0 || field?.kind !== 'uint') return [];
  const edges = [0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000];
  return edges
    .filter((value) => value >= field.min && value <= field.max)
    .map((value) => encoded(`${name} is ${value}`, { [name]: value }));
}

function encoded(name: string, fields: VectorFields): ValidCase {
  return { name, fields, body: array(elementsOf(fields)), canonical: true };
}

function elementsOf(fields: VectorFields): Uint8Array[] {
  return Object.values(fields).map(element);
}

function wide(fields: VectorFields): Uint8Array {
  return array(
    Object.values(fields).map((value) => (typeof value === 'number' ? uint64(BigInt(value)) : element(value))),
  );
}

function valuesOf(
  entries: readonly [string, Field][],
  valueOf: (name: string, field: Field) => VectorValue,
): VectorFields {
  return Object.fromEntries(entries.map(([name, field]) => [name, valueOf(name, field)]));
}

function exampleOf(name: string, field: Field): VectorValue {
  const inner = requiredOf(field);
  const example = [EXAMPLES[name], EVENT_EXAMPLES[name]].find((value) => value !== undefined && fits(value, field));
  if (example !== undefined) return example;
  switch (inner.kind) {
    case 'uint':
      return Math.min(inner.max, Math.max(inner.min, inner.unit === 'bytes' ? 65_536 : 3));
    case 'bool':
      return true;
    case 'bytes':
      return ascending(Math.min(inner.max, Math.max(inner.min, 8)));
    case 'text':
      return 'text';
    case 'list':
      return [ascending(8)];
  }
}

function fits(value: VectorValue, field: Field): boolean {
  const inner = requiredOf(field);
  switch (typeof value) {
    case 'number':
      return inner.kind === 'uint' && value >= inner.min && value <= inner.max;
    case 'string':
      return inner.kind === 'text';
    case 'boolean':
      return inner.kind === 'bool';
    default:
      return value === null ? field.kind === 'optional' : inner.kind === 'bytes' || inner.kind === 'list';
  }
}

function minimumOf(field: Field): VectorValue {
  switch (field.kind) {
    case 'optional':
      return null;
    case 'uint':
      return field.min;
    case 'bool':
      return false;
    case 'bytes':
      return filled(field.min);
    case 'text':
      return 'a'.repeat(field.min);
    case 'list':
      return [];
  }
}

function maximumOf(field: ReturnType<typeof requiredOf>): VectorValue {
  switch (field.kind) {
    case 'uint':
      return field.max;
    case 'bool':
      return true;
    case 'bytes':
      return filled(field.max);
    case 'text':
      return 'a'.repeat(field.max);
    case 'list':
      return new Array<Uint8Array>(field.maxCount).fill(filled(field.element.max));
  }
}

function malformed(name: string, body: Uint8Array): InvalidCase {
  return { name, body, error: 'E_MALFORMED' };
}

function tooLarge(name: string, body: Uint8Array): InvalidCase {
  return { name, body, error: 'E_TOO_LARGE' };
}

function filled(size: number): Uint8Array {
  return new Uint8Array(size).fill(0x61);
}

function ascending(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index & 0xff);
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
