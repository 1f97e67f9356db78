/** The codecs against the vectors of every wire version, in both directions. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
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
import { comparable, fieldsOf, packetVectors, vectorFiles, wireOf } from './packets-file.ts';

/** The code of the ProtocolError that `decode` throws, or what it returns. */
function outcome(decode: () => unknown): unknown {
  try {
    return { accepted: decode() };
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
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

describe.each(packetVectors.packets)('$packet', ({ id, valid, invalid }) => {
  it.each(valid)('takes $name', (vector) => {
    const reader = new PacketReader(wireOf(vector.wire));
    expect(comparable(reader.next())).toEqual(comparable({ id, ...fieldsOf(vector) }));
    expect(reader.next()).toBeUndefined();
  });

  it.each(valid.filter(({ canonical }) => canonical))('writes $name byte for byte', (vector) => {
    const writer = new ByteWriter();
    encodePacket(writer, { id, ...fieldsOf(vector) } as unknown as Packet);
    expect(comparable(writer.written())).toBe(comparable(wireOf(vector.wire)));
  });

  it.each(invalid)('D7, D9, D10: refuses $name', ({ wire, error }) => {
    expect(outcome(() => new PacketReader(wireOf(wire)).next())).toBe(error);
  });
});

describe.each(vectorFiles)('version $version', ({ version, headers, packets }) => {
  it.each(headers)('D7: refuses $name', ({ wire, error }) => {
    expect(outcome(() => new PacketReader(wireOf(wire), version).next())).toBe(error);
  });

  it('O6: an older version knows none of its packets, whatever is in them', () => {
    for (const { wire } of packets.flatMap(({ valid, invalid }) => [...valid, ...invalid])) {
      expect(outcome(() => new PacketReader(wireOf(wire), version - 1).next())).toBe('E_UNKNOWN_PACKET');
    }
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

  it.each(valid)('takes $name', (vector) => {
    expect(comparable(codec.decode(wireOf(vector.wire)))).toEqual(comparable(fieldsOf(vector)));
  });

  it.each(valid.filter(({ canonical }) => canonical))('writes $name byte for byte', (vector) => {
    expect(comparable(codec.encode(fieldsOf(vector)))).toBe(comparable(wireOf(vector.wire)));
  });

  it.each(invalid)('D9, D10: refuses $name', ({ wire, error }) => {
    expect(outcome(() => codec.decode(wireOf(wire)))).toBe(error);
  });
});
