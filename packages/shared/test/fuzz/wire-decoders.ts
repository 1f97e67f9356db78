/** Decoders of the wire: frames, records, packets, values and the sealed payloads of the handshake. */
import { deepStrictEqual } from 'node:assert/strict';
import { ByteWriter, concat } from '../../src/bytes/index.ts';
import { nativeCrypto } from '../../src/crypto-native/index.ts';
import { SealaneError } from '../../src/errors/index.ts';
import { Deframer, encodeFrame } from '../../src/frames/index.ts';
import {
  PacketReader,
  decodeEncryptionFinishPayload,
  decodeEncryptionResponsePayload,
  decodeValue,
  encodePacket,
  encodeValue,
  type Packet,
  type Value,
} from '../../src/packets/index.ts';
import { RecordOpener, RecordSealer } from '../../src/records/index.ts';
import { outcomeOf, type FuzzDecoder } from '../../src/testing/index.ts';
import { comparable, packetVectors, wireOf } from '../vectors/packets-file.ts';

/** Longest wire form of a vector that is a seed: the limits themselves are tested with the vectors. */
const SEED_BYTES_MAX = 2_048;
const FRAME_BODY_BYTES_MAX = 4_096;
const CODEC_CODES = ['E_MALFORMED', 'E_TOO_LARGE', 'E_UNKNOWN_PACKET'] as const;

/** Frames of a stream, cut into chunks of a size; the last one may be the code that ended it. */
function framesOf(stream: Uint8Array, chunkBytes: number): readonly string[] {
  const deframer = new Deframer(FRAME_BODY_BYTES_MAX);
  const found: string[] = [];
  try {
    for (let offset = 0; offset < stream.length; offset += chunkBytes) {
      deframer.push(stream.slice(offset, offset + chunkBytes));
      for (let frame = deframer.next(); frame !== undefined; frame = deframer.next()) {
        found.push(Buffer.from(frame).toString('hex'));
      }
    }
  } catch (error) {
    if (!(error instanceof SealaneError)) throw error;
    found.push(error.code);
  }
  return found;
}

/** The first byte says how the others are cut; however they are, the same frames come out. */
const frames: FuzzDecoder = {
  name: 'frames',
  seeds: () => [
    Uint8Array.of(3, ...concat(...[1, 5, 40].map((size) => encodeFrame(new Uint8Array(size).fill(size))))),
    Uint8Array.of(1, 0, 0, 0, 0),
    Uint8Array.of(200, 0, 0, 0x10, 0, 7),
    Uint8Array.of(2, 0xff, 0xff, 0xff, 0xff, 1),
  ],
  decode(input) {
    const stream = input.subarray(1);
    const whole = framesOf(stream, Math.max(1, stream.length));
    for (const size of [1, (input[0] ?? 0) + 1]) deepStrictEqual(framesOf(stream, size), whole);
    const end = whole.at(-1);
    return end?.startsWith('E_') === true ? end : 'ok';
  },
};

const RECORD_PLAINTEXTS = [1, 30, 300].map((size) => new Uint8Array(size).fill(size));
const recordKey = (): Uint8Array => new Uint8Array(32).fill(7);

function sealedRecords(): readonly Uint8Array[] {
  const sealer = new RecordSealer(nativeCrypto, recordKey());
  return RECORD_PLAINTEXTS.map((plaintext) => {
    const pieces: Uint8Array[] = [];
    sealer.seal(plaintext, pieces);
    return concat(...pieces);
  });
}

/** What opens is what was sealed, in its order: nothing else has a key. */
const records: FuzzDecoder = {
  name: 'records',
  seeds() {
    const [first, second, third] = sealedRecords() as [Uint8Array, Uint8Array, Uint8Array];
    return [concat(first, second, third), concat(first, first), concat(second, first), first];
  },
  decode(input) {
    const deframer = new Deframer(FRAME_BODY_BYTES_MAX);
    const opener = new RecordOpener(nativeCrypto, recordKey());
    deframer.push(input.slice());
    let opened = 0;
    const code = outcomeOf(() => {
      for (let frame = deframer.next(); frame !== undefined; frame = deframer.next()) {
        const plaintext = opener.open(frame);
        deepStrictEqual(Buffer.from(plaintext), Buffer.from(RECORD_PLAINTEXTS[opened++] ?? []));
      }
    }, ['E_DECRYPT', 'E_MALFORMED', 'E_TOO_LARGE']);
    return `${code} after ${opened}`;
  },
};

function readAll(plaintext: Uint8Array): Packet[] {
  const reader = new PacketReader(plaintext);
  const found: Packet[] = [];
  for (let packet = reader.next(); packet !== undefined; packet = reader.next()) found.push(packet);
  return found;
}

/** Packets that are taken have one form each: written and read again they are the same. */
const packets: FuzzDecoder = {
  name: 'packets',
  seeds() {
    const wires = packetVectors.packets.flatMap(({ valid, invalid }) =>
      [...valid.slice(0, 2), ...invalid.slice(0, 2)].map(({ wire }) => wireOf(wire)),
    );
    return wires.filter(({ length }) => length <= SEED_BYTES_MAX);
  },
  decode: (input) =>
    outcomeOf(() => {
      const found = readAll(input.slice());
      const writer = new ByteWriter(0);
      for (const packet of found) encodePacket(writer, packet);
      deepStrictEqual(comparable(readAll(writer.toBytes())), comparable(found));
    }, CODEC_CODES),
};

const VALUES: readonly Value[] = [
  null,
  { a: 1, b: [true, -1, 1.5, 2 ** 40], c: { d: 'é', e: new Uint8Array(3) } },
  [[[[[[[[1]]]]]]]],
  'x'.repeat(300),
  { name: 'reading.csv', size: 2 ** 33, modifiedMs: 1_750_000_000_000, sha256: new Uint8Array(32), complete: false },
];

/** What is taken can be given again, and is the same. */
const values: FuzzDecoder = {
  name: 'values',
  seeds: () => [
    ...VALUES.map(encodeValue),
    Uint8Array.of(0x81, 0xa9, ...new TextEncoder().encode('__proto__'), 0xc0),
    Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
    Uint8Array.of(0xcf, 0x00, 0x20, 0, 0, 0, 0, 0, 0),
    Uint8Array.of(0xd4, 1, 2),
  ],
  decode: (input) =>
    outcomeOf(() => {
      const value = decodeValue(input.slice());
      deepStrictEqual(plain(decodeValue(encodeValue(value))), plain(value));
    }, CODEC_CODES),
};

/** As JSON would have it, so that -0 is 0; bytes and numbers that JSON does not know keep their names. */
function plain(value: Value): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  if (typeof value === 'number') return value === 0 ? 0 : String(value);
  if (Array.isArray(value)) return value.map((each) => plain(each as Value));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

const payloadSeeds = (name: RegExp): readonly Uint8Array[] =>
  packetVectors.payloads
    .filter(({ payload }) => name.test(payload))
    .flatMap(({ valid, invalid }) => [...valid, ...invalid].map(({ wire }) => wireOf(wire)))
    .filter(({ length }) => length <= SEED_BYTES_MAX);

const responsePayload: FuzzDecoder = {
  name: 'encryption-response-payload',
  seeds: () => payloadSeeds(/Response/),
  decode: (input) => outcomeOf(() => decodeEncryptionResponsePayload(input.slice()), CODEC_CODES),
};

const finishPayload: FuzzDecoder = {
  name: 'encryption-finish-payload',
  seeds: () => payloadSeeds(/Finish/),
  decode: (input) => outcomeOf(() => decodeEncryptionFinishPayload(input.slice()), CODEC_CODES),
};

export const WIRE_DECODERS: readonly FuzzDecoder[] = [frames, records, packets, values, responsePayload, finishPayload];
