import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProtocolError } from '@sealane/shared/errors';
import { encodeValue, type Value } from '@sealane/shared/packets';
import {
  MESSAGE_BYTES_MAX,
  decodeDigest,
  decodeHolding,
  decodeOffer,
  decodeStart,
  decodeWanted,
  encodeDigest,
  encodeHolding,
  encodeOffer,
  encodeStart,
  encodeWanted,
} from './messages.ts';
import { TransferReader } from './transfer-reader.ts';

const sha256 = new Uint8Array(32).fill(7);

describe('file messages', () => {
  it('each decodes to what was encoded, and unknown fields are ignored', () => {
    const offer = { name: 'a', sizeBytes: 2 ** 40, modifiedMs: 5 };
    const holding = { offset: 3, sha256, complete: false };
    const start = { offset: 3, sizeBytes: 9, modifiedMs: 5 };
    expect(decodeOffer(encodeOffer(offer))).toEqual(offer);
    expect(decodeWanted(encodeWanted({ name: 'a', holding }))).toEqual({ name: 'a', holding });
    expect(decodeHolding(encodeHolding(holding).subarray(4))).toEqual(holding);
    expect(decodeStart(encodeStart(start).subarray(4))).toEqual(start);
    expect(decodeDigest(encodeDigest({ sha256 }).subarray(4))).toEqual({ sha256 });
    expect(decodeDigest(encodeValue({ sha256, later: [1] }))).toEqual({ sha256 });
  });

  it.each<[string, Value]>([
    ['no map', [1]],
    ['nil', null],
    ['a missing field', { name: 'a', size: 1 }],
    ['a negative size', { name: 'a', size: -1, modifiedMs: 0 }],
    ['a fraction', { name: 'a', size: 1.5, modifiedMs: 0 }],
    ['a size past 2^53', { name: 'a', size: 2 ** 53, modifiedMs: 0 }],
    ['a time past the year 9999', { name: 'a', size: 1, modifiedMs: 253_402_300_800_000 }],
    ['a name that is no text', { name: 1, size: 1, modifiedMs: 0 }],
  ])('D10: an offer with %s is refused', (_, value) => {
    expect(() => decodeOffer(encodeValue(value))).toThrow(expect.objectContaining({ code: 'E_BAD_REQUEST' }));
  });

  it('a short hash and an offset past the size are refused', () => {
    expect(() => decodeDigest(encodeValue({ sha256: sha256.subarray(1) }))).toThrow(ProtocolError);
    expect(() => decodeStart(encodeStart({ offset: 2, sizeBytes: 1, modifiedMs: 0 }).subarray(4))).toThrow(
      ProtocolError,
    );
  });

  it('D8: whatever bytes come, only a ProtocolError is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeOffer, decodeWanted, decodeHolding, decodeStart, decodeDigest]) {
          try {
            decode(bytes);
          } catch (error) {
            expect(error).toMatchObject({ code: 'E_BAD_REQUEST' });
          }
        }
      }),
    );
  });
});

describe('TransferReader', () => {
  it('D2: reads the same whether bytes come whole, one by one or cut at random', async () => {
    const holding = { offset: 3, sha256, complete: true };
    const raw = Uint8Array.from({ length: 1_000 }, (_, index) => index & 0xff);
    const bytes = Buffer.concat([encodeHolding(holding), raw, encodeDigest({ sha256 })]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: bytes.length }), { maxLength: 20 }), async (cuts) => {
        const reader = new TransferReader(pieces(bytes, cuts));
        expect(decodeHolding(await reader.message())).toEqual(holding);
        const received: number[] = [];
        while (received.length < raw.length) received.push(...(await reader.raw(raw.length - received.length)));
        expect(Uint8Array.from(received)).toEqual(raw);
        expect(decodeDigest(await reader.message())).toEqual({ sha256 });
        await reader.end('E_FILE_TOO_LARGE');
      }),
    );
    const single = new TransferReader(
      pieces(
        bytes,
        Array.from({ length: bytes.length }, (_, index) => index),
      ),
    );
    expect(decodeHolding(await single.message())).toEqual(holding);
  });

  it('a length past the limit, an early end and bytes after the end have their codes', async () => {
    const tooLong = Buffer.alloc(4);
    tooLong.writeUInt32BE(MESSAGE_BYTES_MAX + 1);
    await expect(new TransferReader(pieces(tooLong, [])).message('E_FILE_TOO_LARGE')).rejects.toMatchObject({
      code: 'E_FILE_TOO_LARGE',
    });
    await expect(new TransferReader(pieces(Buffer.from([0, 0]), [])).message()).rejects.toMatchObject({
      code: 'E_STREAM_RESET',
    });
    await expect(new TransferReader(pieces(Buffer.from([1]), [])).end('E_FILE_TOO_LARGE')).rejects.toMatchObject({
      code: 'E_FILE_TOO_LARGE',
    });
  });
});

function pieces(bytes: Uint8Array, cuts: readonly number[]) {
  const ends = [...new Set([...cuts, bytes.length])].sort((left, right) => left - right);
  const list = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0);
  return { read: async () => list.shift() };
}
