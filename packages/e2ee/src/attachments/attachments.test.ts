import { createCipheriv, createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { concat, toHex, utf8Encode } from '@sealane/shared/bytes';
import { portableCrypto } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { seededRandom } from '@sealane/shared/testing';
import { newAttachmentHash } from './attachment-hash.ts';
import { AttachmentOpener } from './attachment-opener.ts';
import { AttachmentSealer } from './attachment-sealer.ts';
import {
  CHUNK_BYTES,
  SEALED_CHUNK_BYTES,
  newAttachmentKey,
  sealedSizeOf,
  type AttachmentPlace,
} from './chunk-cipher.ts';
import { ATTACHMENT_BYTES_MAX } from '../content/index.ts';

const random = seededRandom(3);
const key = newAttachmentKey(random);
const group = random(16);
const message = random(16);

const placeOf = (size: number): AttachmentPlace => ({ group, message, size });

function seal(file: Uint8Array, { crypto = nativeCrypto, piece = file.length || 1 } = {}): Uint8Array {
  const sealer = new AttachmentSealer(crypto, key, placeOf(file.length));
  const chunks: Uint8Array[] = [];
  for (let offset = 0; offset < file.length; offset += piece) {
    chunks.push(...sealer.push(file.subarray(offset, offset + piece)));
  }
  return concat(...chunks, ...sealer.end());
}

function open(blob: Uint8Array, size: number, { crypto = nativeCrypto, piece = 70_000, place = {} } = {}): Uint8Array {
  const opener = new AttachmentOpener(crypto, key, { ...placeOf(size), ...place });
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < blob.length; offset += piece) {
    parts.push(...opener.push(blob.subarray(offset, offset + piece)));
  }
  opener.end();
  return concat(...parts);
}

const REFUSED: unknown = expect.objectContaining({ code: 'E_UNDECRYPTABLE' });
const SIZES_TRIED = [0, 1, 255, 256, 257, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_001];

describe.each([nativeCrypto, portableCrypto])('a sealed file: $name', (crypto) => {
  it.each(SIZES_TRIED)('D: of %d bytes comes back, in pieces of any size', (size) => {
    const file = random(size);
    const blob = seal(file, { crypto });
    expect(blob).toHaveLength(sealedSizeOf(size));
    for (const piece of [1_000, CHUNK_BYTES, SEALED_CHUNK_BYTES, 1_000_000]) {
      expect(Buffer.compare(seal(file, { crypto, piece }), blob)).toBe(0);
      expect(Buffer.compare(open(blob, size, { crypto, piece }), file)).toBe(0);
    }
  });
});

describe('the construction', () => {
  it('D: is AES-256-GCM of node:crypto with prefix, counter and last flag', () => {
    const file = random(CHUNK_BYTES + 10);
    const blob = seal(file);
    const padded = new Uint8Array(blob.length - 32);
    padded.set(file);
    const chunks = [0, 1].map((index) => {
      const nonce = concat(key.noncePrefix, Uint8Array.of(0, 0, 0, index, index === 1 ? 1 : 0));
      const cipher = createCipheriv('aes-256-gcm', key.key, nonce);
      cipher.setAAD(concat(utf8Encode('sealane attachment 1\0'), group, message));
      const text = padded.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
      return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    });
    expect(toHex(blob)).toBe(Buffer.concat(chunks).toString('hex'));
  });

  it('D: hides the size: files of 100,000 and 100,300 bytes are one size', () => {
    expect(sealedSizeOf(100_000)).toBe(sealedSizeOf(100_300));
    expect(sealedSizeOf(0)).toBe(256 + 16);
    expect(sealedSizeOf(ATTACHMENT_BYTES_MAX)).toBeLessThanOrEqual(4_294_967_296);
    expect(() => sealedSizeOf(ATTACHMENT_BYTES_MAX + 1)).toThrow(RangeError);
    expect(() => sealedSizeOf(-1)).toThrow(RangeError);
  });

  it('hashes piece by piece', () => {
    const blob = seal(random(100_000));
    const hash = newAttachmentHash();
    hash.update(blob.subarray(0, 777));
    hash.update(blob.subarray(777));
    expect(toHex(hash.digest())).toBe(createHash('sha256').update(blob).digest('hex'));
  });
});

describe('a blob that was tampered with', () => {
  const size = 3 * CHUNK_BYTES + 100;
  let file: Uint8Array;
  let blob: Uint8Array;
  const chunk = (index: number): Uint8Array =>
    blob.subarray(index * SEALED_CHUNK_BYTES, (index + 1) * SEALED_CHUNK_BYTES);
  beforeAll(() => {
    file = random(size);
    blob = seal(file);
  });

  it.each<[string, () => Uint8Array]>([
    ['cut off in a chunk', () => blob.subarray(0, -1)],
    ['cut off at a chunk', () => blob.subarray(0, 3 * SEALED_CHUNK_BYTES)],
    ['empty', () => new Uint8Array()],
    ['with a byte appended', () => concat(blob, Uint8Array.of(0))],
    ['with its last chunk repeated', () => concat(blob, chunk(3))],
    ['with chunks swapped', () => concat(chunk(1), chunk(0), chunk(2), chunk(3))],
    ['with a chunk left out', () => concat(chunk(0), chunk(2), chunk(3))],
    ['with a chunk twice', () => concat(chunk(0), chunk(0), chunk(1), chunk(2), chunk(3))],
    ['with a changed byte', () => blob.with(SEALED_CHUNK_BYTES + 5, blob[SEALED_CHUNK_BYTES + 5]! ^ 1)],
    ['with a changed tag', () => blob.with(blob.length - 1, blob.at(-1)! ^ 1)],
  ])('D: is refused %s, and not a wrong byte comes out', (_, tamper) => {
    const opener = new AttachmentOpener(nativeCrypto, key, placeOf(size));
    const parts: Uint8Array[] = [];
    const act = (): void => {
      const tampered = tamper();
      for (let offset = 0; offset < tampered.length; offset += 10_000) {
        parts.push(...opener.push(tampered.subarray(offset, offset + 10_000)));
      }
      opener.end();
    };
    expect(act).toThrow(REFUSED);
    const released = concat(...parts);
    expect(toHex(released)).toBe(toHex(file.subarray(0, released.length)));
    expect(() => opener.push(Uint8Array.of(1))).toThrow(REFUSED);
    expect(() => opener.end()).toThrow(REFUSED);
  });

  it('D: is refused for another message, another group, another key and another size', () => {
    const other = random(16);
    for (const place of [
      { message: other },
      { group: other },
      { size: size - CHUNK_BYTES },
      { size: size + CHUNK_BYTES },
    ]) {
      expect(() => open(blob, size, { place })).toThrow(REFUSED);
    }
    const opener = new AttachmentOpener(nativeCrypto, newAttachmentKey(random), placeOf(size));
    expect(() => opener.push(blob)).toThrow(REFUSED);
    expect(opener.chunk).toBe(0);
  });

  it('D: no byte comes out before its chunk is whole', () => {
    const opener = new AttachmentOpener(nativeCrypto, key, placeOf(size));
    expect(opener.push(blob.subarray(0, SEALED_CHUNK_BYTES - 1))).toEqual([]);
    expect(opener.push(blob.subarray(SEALED_CHUNK_BYTES - 1, SEALED_CHUNK_BYTES))).toHaveLength(1);
  });
});

describe('going on after an interruption', () => {
  const size = 5 * CHUNK_BYTES + 1;
  const file = random(size);
  const blob = seal(file);

  it('D: at the border of any chunk, both ways', () => {
    for (let fromChunk = 0; fromChunk * SEALED_CHUNK_BYTES < blob.length; fromChunk++) {
      const place = { ...placeOf(size), fromChunk };
      const sealer = new AttachmentSealer(nativeCrypto, key, place);
      const sealed = concat(...sealer.push(file.subarray(fromChunk * CHUNK_BYTES)), ...sealer.end());
      expect(toHex(sealed)).toBe(toHex(blob.subarray(fromChunk * SEALED_CHUNK_BYTES)));
      const opener = new AttachmentOpener(nativeCrypto, key, place);
      const opened = concat(...opener.push(sealed));
      opener.end();
      expect(toHex(opened)).toBe(toHex(file.subarray(fromChunk * CHUNK_BYTES)));
    }
  });

  it('refuses chunks that are not there, and files that are longer or shorter than they were to be', () => {
    for (const fromChunk of [-1, 0.5, 99]) {
      const place = { ...placeOf(size), fromChunk };
      expect(() => new AttachmentSealer(nativeCrypto, key, place)).toThrow(RangeError);
      expect(() => new AttachmentOpener(nativeCrypto, key, place)).toThrow(RangeError);
    }
    const sealer = new AttachmentSealer(nativeCrypto, key, placeOf(3));
    sealer.push(Uint8Array.of(1, 2));
    expect(() => sealer.end()).toThrow(RangeError);
    expect(() => sealer.push(Uint8Array.of(3, 4))).toThrow(RangeError);
    const done = new AttachmentSealer(nativeCrypto, key, placeOf(0));
    done.end();
    expect(() => done.end()).toThrow(TypeError);
    expect(() => done.push(Uint8Array.of(1))).toThrow(TypeError);
  });
});
