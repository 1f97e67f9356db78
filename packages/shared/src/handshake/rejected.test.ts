import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '../errors/index.ts';
import { encodeRejected, readRejected } from './rejected.ts';

describe('0x04 Rejected', () => {
  it('carries a code and a delay in 7 bytes', () => {
    const body = encodeRejected(ERRORS.E_RATE_LIMITED.number, 0x1234);
    expect(body).toEqual(Uint8Array.of(4, 0, 0x21, 0, 0, 0x12, 0x34));
    expect(readRejected(body)).toEqual({ code: 'E_RATE_LIMITED', number: 0x21, retryAfterMs: 0x1234 });
  });

  it('is a hint of a stranger: long delays are cut, unknown codes pass', () => {
    const body = Uint8Array.of(4, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff);
    expect(readRejected(body)).toEqual({ code: undefined, number: 0x0fff, retryAfterMs: 60_000 });
  });

  it('A12: refuses every other length and id', () => {
    const body = encodeRejected(ERRORS.E_BUSY.number, 0);
    for (let size = 0; size < 12; size++) {
      const cut = new Uint8Array(size);
      cut.set(body.subarray(0, size));
      if (size !== 7) expect(() => readRejected(cut)).toThrow(expect.objectContaining({ code: 'E_MALFORMED' }));
    }
    body[0] = 2;
    expect(() => readRejected(body)).toThrow(expect.objectContaining({ code: 'E_STATE' }));
  });

  it('does not encode local errors or delays past 32 bits', () => {
    expect(() => encodeRejected(ERRORS.E_INTERNAL.number, 0)).toThrow(RangeError);
    expect(() => encodeRejected(0, 0)).toThrow(RangeError);
    expect(() => encodeRejected(1, 2 ** 32)).toThrow(RangeError);
    expect(() => encodeRejected(1, Number.NaN)).toThrow(RangeError);
  });
});
