/** The codecs against the vectors of every wire version, in both directions. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ByteWriter } from '../../src/bytes/index.ts';
import { ProtocolError } from '../../src/errors/index.ts';
import {
  PACKET_SPECS,
  PacketReader,
  decodeEncryptionFinishPayload,
  decodeEncryptionResponsePayload,
  encodeEncryptionFinishPayload,
  encodeEncryptionResponsePayload,
  encodePacket,
  type EncryptionFinishPayload,
  type EncryptionResponsePayload,
  type Packet,
} from '../../src/packets/index.ts';
import { comparable, fieldsOf, packetVectors, vectorFiles, wireOf, type InvalidVector } from './packets-file.ts';

/** The code of the ProtocolError that `decode` throws, or what it returns. */
function outcome(decode: () => unknown): unknown {
  try {
    return { accepted: decode() };
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** Those of the vectors that are not refused with their code, and what became of them. */
function mistaken(invalid: readonly InvalidVector[], decode: (wire: Uint8Array) => unknown): readonly object[] {
  const judged = invalid.map((vector) => ({ ...vector, became: outcome(() => decode(wireOf(vector.wire))) }));
  return judged.filter(({ error, became }) => became !== error);
}

/** SHA-256 of the vectors of released versions; those of a version that is not released yet may still change. */
const FROZEN: Readonly<Record<number, string>> = {
  1: '9f40a1d5b614d86bbd49eebdf789cb34165282ec35b0e7904b1c5d21471e9e22',
};

it.each(Object.entries(FROZEN))('O6: the vectors of version %s are what they were at its release', (version, hash) => {
  const file = readFileSync(new URL(`packets-v${version}.json`, import.meta.url));
  expect(createHash('sha256').update(file).digest('hex')).toBe(hash);
});

it('every packet has vectors', () => {
  expect(packetVectors.packets.map(({ id }) => id)).toEqual(PACKET_SPECS.map(({ id }) => id));
});

// One test for all vectors of a kind, which names those that it finds wrong: a test for each would cost ten times the codecs.
describe.each(packetVectors.packets)('$packet', ({ id, valid, invalid }) => {
  it('takes what is valid', () => {
    const wrong = valid.filter((vector) => {
      const reader = new PacketReader(wireOf(vector.wire));
      const packet = comparable(reader.next());
      return !isDeepStrictEqual(packet, comparable({ id, ...fieldsOf(vector) })) || reader.next() !== undefined;
    });
    expect(wrong).toEqual([]);
    expect(valid.length).toBeGreaterThan(0);
  });

  it('2.0.20, 2.0.21: writes what is canonical byte for byte', () => {
    const wrong = valid.filter((vector) => {
      const writer = new ByteWriter();
      encodePacket(writer, { id, ...fieldsOf(vector) } as unknown as Packet);
      return vector.canonical && comparable(writer.written()) !== comparable(wireOf(vector.wire));
    });
    expect(wrong).toEqual([]);
  });

  it('D7, D9, D10: refuses what is invalid', () => {
    expect(mistaken(invalid, (wire) => new PacketReader(wire).next())).toEqual([]);
  });
});

describe.each(vectorFiles)('version $version', ({ version, headers, packets }) => {
  it('D7: refuses wrong headers', () => {
    expect(mistaken(headers, (wire) => new PacketReader(wire, version).next())).toEqual([]);
  });

  it('O6: an older version knows none of its packets, whatever is in them', () => {
    const vectors = packets.flatMap(({ valid, invalid }) => [...valid, ...invalid]);
    const unknown = vectors.map((vector) => ({ name: vector.name, wire: vector.wire, error: 'E_UNKNOWN_PACKET' }));
    expect(mistaken(unknown, (wire) => new PacketReader(wire, version - 1).next())).toEqual([]);
  });
});

const payloadCodecs: Readonly<
  Record<string, { encode(fields: object): Uint8Array; decode(bytes: Uint8Array): object }>
> = {
  'Encryption Response Payload': {
    encode(fields) {
      const writer = new ByteWriter();
      encodeEncryptionResponsePayload(writer, fields as EncryptionResponsePayload);
      return writer.written();
    },
    decode: decodeEncryptionResponsePayload,
  },
  'Encryption Finish Payload': {
    encode(fields) {
      const writer = new ByteWriter();
      encodeEncryptionFinishPayload(writer, fields as EncryptionFinishPayload);
      return writer.written();
    },
    decode: decodeEncryptionFinishPayload,
  },
};

describe.each(packetVectors.payloads)('$payload', ({ payload, valid, invalid }) => {
  const codec = payloadCodecs[payload]!;

  it('takes what is valid', () => {
    const wrong = valid.filter((vector) => {
      const fields = comparable(codec.decode(wireOf(vector.wire)));
      return !isDeepStrictEqual(fields, comparable(fieldsOf(vector)));
    });
    expect(wrong).toEqual([]);
    expect(valid.length).toBeGreaterThan(0);
  });

  it('writes what is canonical byte for byte', () => {
    const wrong = valid.filter(
      (vector) => vector.canonical && comparable(codec.encode(fieldsOf(vector))) !== comparable(wireOf(vector.wire)),
    );
    expect(wrong).toEqual([]);
  });

  it('D9, D10: refuses what is invalid', () => {
    expect(mistaken(invalid, (wire) => codec.decode(wire))).toEqual([]);
  });
});
