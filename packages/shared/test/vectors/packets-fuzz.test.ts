/** The codecs under generated packets and hostile bytes. A failing run prints the seed that replays it. */
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { ByteWriter, concat } from '../../src/bytes/index.ts';
import { ProtocolError } from '../../src/errors/index.ts';
import {
  PACKET_SPECS,
  PacketReader,
  decodeEncryptionFinishPayload,
  decodeEncryptionResponsePayload,
  encodePacket,
  type Field,
  type Packet,
} from '../../src/packets/index.ts';
import { comparable, packetVectors, wireOf } from './packets-file.ts';
import { anyCharacter } from '../any-character.ts';

/** Longest byte string that is generated: the limits themselves are in the vectors. */
const GENERATED_BYTES_MAX = 600;

function valuesOf(field: Field): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'optional':
      return fc.option(valuesOf(field.inner));
    case 'uint':
      return fc.oneof(
        fc.maxSafeNat().map((value) => field.min + (value % (field.max - field.min + 1))),
        edges(field),
      );
    case 'bool':
      return fc.boolean();
    case 'bytes':
      return fc.uint8Array({
        minLength: field.min,
        maxLength: Math.min(field.max, Math.max(field.min, GENERATED_BYTES_MAX)),
      });
    case 'text': {
      // No text of the language is required to be longer than one byte; four bytes is the most that a character has.
      const characters = fc.string({ unit: anyCharacter, minLength: field.min, maxLength: Math.floor(field.max / 4) });
      return fc.oneof(characters, fc.string({ unit: 'binary-ascii', minLength: field.min, maxLength: field.max }));
    }
    case 'list':
      return fc.array(valuesOf(field.element), { maxLength: field.maxCount });
  }
}

/** Integers where the width on the wire changes. */
function edges({ min, max }: { min: number; max: number }): fc.Arbitrary<number> {
  const values = [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000, 0xffff_ffff, 0x1_0000_0000, min, max];
  return fc.constantFrom(...values.filter((value) => value >= min && value <= max));
}

const packets: fc.Arbitrary<Packet> = fc.oneof(
  ...PACKET_SPECS.map(({ id, fields }) => {
    const values = Object.entries(fields).map(([name, field]) => [name, valuesOf(field)] as const);
    return fc.record({ id: fc.constant(id), ...Object.fromEntries(values) }) as unknown as fc.Arbitrary<Packet>;
  }),
);

function encode(packet: Packet): Uint8Array {
  const writer = new ByteWriter(0);
  encodePacket(writer, packet);
  return writer.toBytes();
}

function readAll(plaintext: Uint8Array): Packet[] {
  const reader = new PacketReader(plaintext);
  const found: Packet[] = [];
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) found.push(packet);
  return found;
}

const REFUSALS: readonly string[] = ['E_MALFORMED', 'E_TOO_LARGE', 'E_UNKNOWN_PACKET'];

/** Fails the test unless reading ends well or with a ProtocolError of the codec. */
function readHostile(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (!REFUSALS.includes(error.code)) throw error;
  }
}

/** Whether reading ends with a ProtocolError. */
function isRefused(plaintext: Uint8Array): boolean {
  try {
    readAll(plaintext);
    return false;
  } catch (error) {
    if (error instanceof ProtocolError) return true;
    throw error;
  }
}

it('D8: packets in a row come back as they were, whatever text they hold', () => {
  fc.assert(
    fc.property(fc.array(packets, { maxLength: 8 }), (sent) => {
      expect(comparable(readAll(concat(...sent.map(encode))))).toEqual(comparable(sent));
    }),
    { numRuns: 500 },
  );
});

it('writes what msgpackr writes for the same array', () => {
  const packr = new Packr({ useRecords: false, structuredClone: false });
  fc.assert(
    fc.property(packets, (packet) => {
      const { id, ...fields } = packet;
      const values: unknown[] = Object.values(fields);
      // msgpackr writes integers of more than 32 bits as floats: those are in the vectors.
      fc.pre(!values.some((value) => typeof value === 'number' && value > 0xffff_ffff));
      const wire = encode(packet);
      expect(wire[0]).toBe(id);
      expect(comparable(wire.subarray(4))).toBe(comparable(packr.pack(values)));
    }),
    { numRuns: 500 },
  );
});

it('raw: gives the bytes of the last packet, header included', () => {
  fc.assert(
    fc.property(packets, packets, (first, second) => {
      const reader = new PacketReader(concat(encode(first), encode(second)));
      reader.next();
      reader.next();
      expect(comparable(reader.raw())).toBe(comparable(encode(second)));
    }),
    { numRuns: 100 },
  );
});

it('a reader that goes on with another record reads it as a new one would', () => {
  const reader = new PacketReader();
  fc.assert(
    fc.property(packets, (packet) => {
      reader.reset(encode(packet));
      expect(comparable(reader.next())).toEqual(comparable(packet));
      expect(reader.next()).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

it('D10: random bytes are refused with a code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      readHostile(() => readAll(bytes));
      readHostile(() => decodeEncryptionFinishPayload(bytes));
      readHostile(() => decodeEncryptionResponsePayload(bytes));
    }),
    { numRuns: 5_000 },
  );
});

it('D10: a random body under a known id is refused with a code', () => {
  const ids = fc.constantFrom(...PACKET_SPECS.map(({ id }) => id));
  fc.assert(
    fc.property(ids, fc.uint8Array({ maxLength: 64 }), (id, body) => {
      readHostile(() => readAll(concat(Uint8Array.of(id, 0, 0, body.length), body)));
    }),
    { numRuns: 5_000 },
  );
});

it('D10: a valid packet with bytes changed is refused with a code or still a packet', () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(packets, fc.array(change, { minLength: 1, maxLength: 4 }), (packet, changes) => {
      const wire = encode(packet);
      for (const [place, value] of changes) wire[place % wire.length] = value;
      readHostile(() => readAll(wire));
    }),
    { numRuns: 5_000 },
  );
});

it('every canonical vector is refused wherever it is cut', () => {
  for (const { valid } of packetVectors.packets) {
    const wire = wireOf(valid[0]!.wire);
    for (let size = 1; size < wire.length; size++) expect(isRefused(wire.subarray(0, size))).toBe(true);
  }
});

it('D4: lengths that a peer announces cost no memory', () => {
  const announced = [
    Uint8Array.of(0x20, 0, 0, 8, 0x97, 1, 0xdb, 0xff, 0xff, 0xff, 0xff, 0x61),
    Uint8Array.of(0x20, 0, 0, 5, 0xdd, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0x11, 0, 0, 7, 0x92, 1, 0xc6, 0x00, 0x01, 0x00, 0x00),
  ];
  const before = process.memoryUsage().arrayBuffers;
  for (let round = 0; round < 1_000; round++) {
    for (const wire of announced) expect(isRefused(wire)).toBe(true);
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 2 ** 20);
});

it('a field that breaks its limit is refused at the sender, and the writer stays as it was', () => {
  const writer = new ByteWriter();
  const request = (changed: object): Packet => ({
    id: 0x20,
    requestId: 1,
    name: 'n',
    body: new Uint8Array(0),
    contentType: null,
    timeoutMs: 0,
    to: null,
    from: null,
    ...changed,
  });
  const wrong: readonly [object, typeof RangeError | typeof TypeError][] = [
    [{ requestId: 0 }, RangeError],
    [{ requestId: 1.5 }, RangeError],
    [{ requestId: Number.NaN }, RangeError],
    [{ requestId: 2 ** 53 }, RangeError],
    [{ timeoutMs: -1 }, RangeError],
    [{ name: '' }, RangeError],
    [{ name: 'n'.repeat(129) }, RangeError],
    [{ name: 'é'.repeat(65) }, RangeError],
    [{ name: '\ud800' }, TypeError],
    [{ body: new Uint8Array(196_609) }, RangeError],
    [{ to: 't'.repeat(262) }, RangeError],
  ];
  encodePacket(writer, request({}));
  const size = writer.length;
  for (const [changed, expected] of wrong) {
    expect(() => encodePacket(writer, request(changed))).toThrow(expected);
    expect(writer.length).toBe(size);
  }
});

it('byte fields are views of the plaintext, not copies', () => {
  const wire = encode({ id: 0x11, streamId: 1, bytes: Uint8Array.of(1, 2, 3) });
  const packet = new PacketReader(wire).next();
  wire.fill(9);
  expect(packet?.id === 0x11 && [...packet.bytes]).toEqual([9, 9, 9]);
});
