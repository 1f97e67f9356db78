import { describe, expect, it } from '@jest/globals';
import {
  AssertionFailure,
  ConfigError,
  ERRORS,
  EXIT,
  LOCAL_ERROR_NUMBER_MIN,
  ProtocolError,
  SealaneError,
  StorageError,
  TransportError,
  assert,
  errorByNumber,
  type ErrorCode,
} from './index.ts';

const rows = Object.entries(ERRORS) as [ErrorCode, (typeof ERRORS)[ErrorCode]][];

describe('table of errors', () => {
  it('every number is unique and every name spelled alike', () => {
    const numbers = rows.map(([, row]) => row.number);
    expect(new Set(numbers).size).toBe(numbers.length);
    for (const [name] of rows) expect(name).toMatch(/^E_[A-Z]+(_[A-Z]+)*$/);
  });

  it('numbers fit the wire, and zero, which means no error, is free', () => {
    for (const [, row] of rows) {
      expect(Number.isInteger(row.number) && row.number > 0 && row.number <= 0xffff).toBe(true);
    }
  });

  it('a number of the wire gives its name; a local or unknown one gives none', () => {
    expect(LOCAL_ERROR_NUMBER_MIN).toBe(0x1000);
    for (const [name, row] of rows) {
      expect(errorByNumber(row.number)).toBe(row.number < 0x1000 ? name : undefined);
      // What ends a command is never said by a peer.
      if (row.closes === 'command') expect(row.number).toBeGreaterThanOrEqual(0x1000);
    }
    for (const number of [0, 0x0fff, 0xffff, -1, Number.NaN]) expect(errorByNumber(number)).toBeUndefined();
  });

  it('every row says what happened and what to do, as one sentence each', () => {
    const exits = new Set<number>([...Object.values(EXIT), 130]);
    for (const [, row] of rows) {
      expect(row.means).toMatch(/^[A-Z].+\.$/);
      expect(row.next).toMatch(/^[A-Z].+\.$/);
      expect(exits.has(row.exit) && row.exit !== EXIT.ok).toBe(true);
    }
  });
});

describe('error classes', () => {
  it.each([ProtocolError, TransportError, StorageError, ConfigError])('%p carries code, name and cause', (Family) => {
    const cause = new Error('why');
    const error = new Family('E_BUSY', undefined, { retryAfterMs: 5, cause });
    expect(error).toBeInstanceOf(SealaneError);
    expect(error).toMatchObject({
      code: 'E_BUSY',
      name: Family.name,
      message: ERRORS.E_BUSY.means,
      retryAfterMs: 5,
      cause,
    });
    expect(new Family('E_BUSY', 'other words')).toMatchObject({ message: 'other words', retryAfterMs: undefined });
    expect('cause' in new Family('E_BUSY')).toBe(false);
  });

  it('assert throws for what does not hold, with an error of no code', () => {
    assert(true, 'holds');
    expect(() => assert(0, 'no')).toThrow(AssertionFailure);
    expect(new AssertionFailure('x')).not.toBeInstanceOf(SealaneError);
  });
});
