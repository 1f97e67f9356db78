import { describe, expect, it } from '@jest/globals';
import { toHex } from '@sealane/shared/bytes';
import fc from 'fast-check';
import { BODY_CODECS } from './body-codecs.ts';
import type { Content, FileBody, KnownContent } from './content.ts';
import { decodeContent, encodeContent } from './envelope.ts';
import { contentSamples } from '../../test/fuzz/content-samples.ts';
import { ATTACHMENT_BYTES_MAX } from './limits.ts';
import { PADDED_BYTES_MAX, pad, paddedSize, unpad } from './padding.ts';
import { RECEIPTS_INTERVAL_MS, ReceiptBatch } from './receipt-batch.ts';

const id = new Uint8Array(16).fill(1);
const ref = new Uint8Array(16).fill(2);
const header = { id, at: 1_700_000_000_123, expiresAfter: 0 };
const file: FileBody = {
  name: 'a.png',
  mediaType: 'image/png',
  size: 2 ** 40,
  sealedSize: 2 ** 40 + 1,
  blob: id,
  key: new Uint8Array(32),
  noncePrefix: new Uint8Array(7),
  hash: new Uint8Array(32),
  caption: '',
  thumbnail: new Uint8Array(),
};

describe('the envelope of a content', () => {
  it.each(contentSamples().map((content) => [content.kind, content] as const))('D: carries %s', (_, content) => {
    const bytes = encodeContent(content);
    expect(decodeContent(bytes)).toEqual(content);
    expect(bytes.length).toBe(paddedSize(bytes.length));
  });

  it('there is a sample of every kind, and each number is given once', () => {
    const kinds = new Set<string>(contentSamples().map(({ kind }) => kind));
    for (const kind of Object.keys(BODY_CODECS)) expect(kinds).toContain(kind);
    const numbers = Object.values(BODY_CODECS).map(({ number }) => number);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  it('D: keeps what a newer version says', () => {
    const unknown: Content = { ...header, kind: 'unknown', kindNumber: 200, body: Uint8Array.of(1, 2, 0x80, 0) };
    expect(decodeContent(encodeContent(unknown))).toEqual(unknown);
    expect(() => encodeContent({ ...unknown, kindNumber: 1 })).toThrow(RangeError);
    expect(() => encodeContent({ ...unknown, kindNumber: 256 })).toThrow(RangeError);
  });

  it('D: takes a kind whose newer version has more fields', () => {
    const content: Content = { ...header, kind: 'typing', body: { isTyping: true } };
    const longer = pad(Uint8Array.of(...unpad(encodeContent(content))!, 9, 9));
    expect(decodeContent(longer)).toEqual(content);
  });

  it.each<[string, Content]>([
    ['an empty text', { ...header, kind: 'text', body: { text: '' } }],
    ['a text beyond its limit', { ...header, kind: 'text', body: { text: 'x'.repeat(65_536) } }],
    ['half a character', { ...header, kind: 'text', body: { text: '\udc00' } }],
    ['an edit of nothing', { ...header, kind: 'edit', body: { text: 'x' } }],
    ['a text about something', { ...header, ref, kind: 'text', body: { text: 'x' } }],
    ['receipts of nothing', { ...header, kind: 'receipts', body: { status: 'read', messages: [] } }],
    ['an id of another size', { ...header, id: new Uint8Array(15), kind: 'text', body: { text: 'x' } }],
    ['a time that is none', { ...header, at: -1, kind: 'text', body: { text: 'x' } }],
    ['a life beyond a year', { ...header, expiresAfter: 31_536_001, kind: 'text', body: { text: 'x' } }],
    ['a thumbnail beyond its limit', { ...header, kind: 'file', body: { ...file, thumbnail: new Uint8Array(16_385) } }],
    ['a file without a name', { ...header, kind: 'file', body: { ...file, name: '' } }],
    ['a file larger than any', { ...header, kind: 'file', body: { ...file, size: ATTACHMENT_BYTES_MAX + 1 } }],
    ['a size beyond 2^53', { ...header, kind: 'file', body: { ...file, size: 2 ** 53 } }],
  ])('refuses %s', (_, content) => {
    expect(() => encodeContent(content)).toThrow(RangeError);
  });

  it('refuses bytes that are no content', () => {
    const bytes = unpad(encodeContent({ ...header, kind: 'text', body: { text: 'hello' } }))!;
    for (const wrong of [
      bytes.with(0, 2),
      bytes.with(2, 2),
      bytes.with(2, 1),
      bytes.with(31, 0xff),
      bytes.slice(0, 30),
    ]) {
      expect(decodeContent(pad(wrong))).toBeUndefined();
    }
    expect(decodeContent(bytes)).toBeUndefined();
    expect(decodeContent(new Uint8Array(256))).toBeUndefined();
    expect(decodeContent(new Uint8Array())).toBeUndefined();
    expect(decodeContent(pad(new Uint8Array(PADDED_BYTES_MAX)))).toBeUndefined();
    // A reply needs what it answers; a text has none.
    expect(decodeContent(pad(bytes.with(1, 2)))).toBeUndefined();
  });

  it('E14: refuses a file that is larger than what opens files could take', () => {
    const body = { ...file, size: ATTACHMENT_BYTES_MAX };
    const bytes = unpad(encodeContent({ ...header, kind: 'file', body }))!;
    expect(decodeContent(pad(bytes))).toMatchObject({ body: { size: ATTACHMENT_BYTES_MAX } });
    const sizeOffset = 31 + 2 + Buffer.byteLength(file.name) + 2 + Buffer.byteLength(file.mediaType);
    expect(decodeContent(pad(bytes.with(sizeOffset + 3, 1)))).toBeUndefined();
  });

  it('whatever decodes, decodes to the same once more', () => {
    const samples = contentSamples().map((content) => unpad(encodeContent(content))!);
    const mutants = fc
      .tuple(fc.constantFrom(...samples), fc.nat(), fc.nat(255))
      .map(([sample, at, byte]) => sample.with(at % sample.length, byte));
    fc.assert(
      fc.property(mutants, (bytes) => {
        const content = decodeContent(pad(bytes));
        if (content !== undefined) expect(decodeContent(encodeContent(content))).toEqual(content);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('padding', () => {
  it('D: to 256 bytes, then PADMÉ: at most 12 % more', () => {
    expect([0, 1, 256, 257, 1_000, 4_097, 65_600].map(paddedSize)).toEqual([256, 256, 256, 272, 1_024, 4_352, 67_584]);
    const wrong: number[] = [];
    for (let size = 257; size < 70_000; size += 7) {
      const padded = paddedSize(size);
      if (padded < size || padded > size * 1.12 || paddedSize(padded) !== padded) wrong.push(size);
    }
    expect(wrong).toEqual([]);
  });

  it('comes off, also behind zeros and marks', () => {
    for (const bytes of [[], [0], [0x80], [0x80, 0], [1, 0, 0]].map((list) => Uint8Array.from(list))) {
      expect(unpad(pad(bytes))).toEqual(bytes);
    }
    expect(unpad(new Uint8Array(256).fill(1))).toBeUndefined();
  });
});

describe('receipts in batches', () => {
  const message = (number: number): Uint8Array => new Uint8Array(16).fill(number);

  it('D: at most one batch every two seconds, and read stands for delivered', () => {
    const batch = new ReceiptBatch();
    expect(batch.dueAt).toBeUndefined();
    batch.add(message(1), 'delivered');
    batch.add(message(2), 'delivered');
    batch.add(message(2), 'read');
    batch.add(message(2), 'delivered');
    expect(batch.take(10)).toEqual([
      { status: 'delivered', messages: [message(1)] },
      { status: 'read', messages: [message(2)] },
    ]);
    expect(batch.dueAt).toBeUndefined();
    batch.add(message(3), 'read');
    expect(batch.take(10 + RECEIPTS_INTERVAL_MS - 1)).toEqual([]);
    expect(batch.take(10 + RECEIPTS_INTERVAL_MS)).toEqual([{ status: 'read', messages: [message(3)] }]);
  });

  it('D: what does not fit one content waits for the next', () => {
    const batch = new ReceiptBatch();
    for (let number = 0; number < 300; number++)
      batch.add(new Uint8Array(16).with(0, number % 256).with(1, number >> 8), 'read');
    const [first] = batch.take(0);
    expect(first?.messages).toHaveLength(256);
    expect(decodeContent(encodeContent({ ...header, kind: 'receipts', body: first! }))).toBeDefined();
    expect(batch.take(RECEIPTS_INTERVAL_MS)[0]?.messages).toHaveLength(44);
    expect(batch.dueAt).toBeUndefined();
  });
});

/** The bytes of the first version, which later ones must read for ever. */
describe('released bytes', () => {
  it('of a reply', () => {
    const reply: KnownContent = { ...header, ref, kind: 'reply', body: { text: 'yes' } };
    const bytes = unpad(encodeContent(reply))!;
    expect(toHex(bytes)).toBe(
      `010201${'01'.repeat(16)}0000018bcfe5687b00000000${'02'.repeat(16)}0003${toHex(new TextEncoder().encode('yes'))}`,
    );
  });
});
