import { describe, expect, it } from '@jest/globals';
import { decodeEncryptionRequest, encodeEncryptionRequest } from './encryption-request.ts';

const SUPPORTED = { min: 1, max: 2 } as const;
const key = new Uint8Array(32).fill(0xaa);
const kemKey = new Uint8Array(1_184).fill(0xbb);
const verifyToken = new Uint8Array(8).fill(0xcc);
const hybrid = (): Uint8Array =>
  encodeEncryptionRequest({ versions: { min: 1, max: 1 }, suites: [1, 2], key, kemKey, verifyToken });
const classical = (): Uint8Array =>
  encodeEncryptionRequest({ versions: { min: 1, max: 3 }, suites: [2], key, kemKey: undefined, verifyToken });
const malformed: unknown = expect.objectContaining({ name: 'ProtocolError', code: 'E_MALFORMED' });

/** The request with other bytes from offset 0 on. */
function starting(body: Uint8Array, ...bytes: number[]): Uint8Array {
  const changed = body.slice();
  changed.set(bytes);
  return changed;
}

describe('0x01 Encryption Request', () => {
  it('A1 B13: has fixed places: 1,231 bytes with a KEM key, 47 without', () => {
    expect(hybrid()).toHaveLength(1_231);
    expect([...hybrid().subarray(0, 8)]).toEqual([1, 1, 1, 1, 2, 0, 0, 0xaa]);
    expect(hybrid()[39]).toBe(0xbb);
    expect(hybrid()[1_223]).toBe(0xcc);
    expect(classical()).toHaveLength(47);
    expect([...classical().subarray(0, 7)]).toEqual([1, 1, 3, 2, 0, 0, 0]);
    expect(classical()[39]).toBe(0xcc);
  });

  it('decodes what it encodes', () => {
    expect(decodeEncryptionRequest(hybrid(), SUPPORTED)).toEqual({
      versions: { min: 1, max: 1 },
      suites: [1, 2],
      key,
      kemKey,
      verifyToken,
    });
    expect(decodeEncryptionRequest(classical(), SUPPORTED)).toMatchObject({ suites: [2], kemKey: undefined });
  });

  it('2.1.9: refuses every other length at once, whatever the fields say', () => {
    for (const body of [hybrid(), classical()]) {
      for (let size = 3; size < body.length; size++) {
        expect(() => decodeEncryptionRequest(body.subarray(0, size), SUPPORTED)).toThrow(malformed);
      }
      const longer = new Uint8Array(body.length + 1);
      longer.set(body);
      expect(() => decodeEncryptionRequest(longer, SUPPORTED)).toThrow(malformed);
    }
    const oversize = starting(new Uint8Array(4_097), 1);
    expect(() => decodeEncryptionRequest(oversize, SUPPORTED)).toThrow(
      expect.objectContaining({ code: 'E_TOO_LARGE' }),
    );
  });

  it('2.1.22: versions without overlap are refused by name, even where a newer layout follows', () => {
    const unsupported: unknown = expect.objectContaining({ code: 'E_UNSUPPORTED_VERSION' });
    expect(() => decodeEncryptionRequest(Uint8Array.of(1, 3, 9, 0xff), SUPPORTED)).toThrow(unsupported);
    expect(() => decodeEncryptionRequest(hybrid(), { min: 2, max: 2 })).toThrow(unsupported);
    expect(() => decodeEncryptionRequest(starting(hybrid(), 1, 2, 1), SUPPORTED)).toThrow(malformed);
    expect(() => decodeEncryptionRequest(starting(hybrid(), 1, 0, 1), SUPPORTED)).toThrow(malformed);
  });

  it.each([
    ['empty', [0, 0, 0, 0]],
    ['a gap', [2, 0, 1, 0]],
    ['an id twice', [2, 2, 0, 0]],
    ['a gap at the start', [0, 2, 0, 0]],
  ])('B9: refuses a list of suites with: %s', (_, suites) => {
    expect(() => decodeEncryptionRequest(starting(classical(), 1, 1, 1, ...suites), SUPPORTED)).toThrow(malformed);
  });

  it('B9: suites unknown here are a newer agent’s and pass', () => {
    const body = starting(classical(), 1, 1, 1, 9, 2, 7, 8);
    expect(decodeEncryptionRequest(body, SUPPORTED).suites).toEqual([9, 2, 7, 8]);
  });
});
