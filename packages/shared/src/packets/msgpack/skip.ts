/**
 * Steps over array elements that a newer peer appended, without making anything of them
 * (`docs/packets/README.md`, "Evolution").
 *
 * They must be of the types of the field language: nil, bool, unsigned integer, str, bin, and arrays of these. How
 * deep and how many is limited, so that skipping costs no more than the bytes that carry it.
 */
import { ProtocolError } from '../../errors/index.ts';
import { SKIPPED_DEPTH_MAX, SKIPPED_ELEMENTS_MAX } from '../limits.ts';

/**
 * Skips `count` values from `offset` on.
 *
 * @returns the offset after them.
 * @throws ProtocolError `E_MALFORMED` for a type that is not allowed or a value cut short, `E_TOO_LARGE` past a limit.
 */
export function skipValues(bytes: Uint8Array, offset: number, end: number, count: number): number {
  /** Values still to skip at each level of nesting; the last one is the innermost. */
  const pending = [count];
  let at = offset;
  let budget = SKIPPED_ELEMENTS_MAX;
  while (pending.length > 0) {
    const level = pending.length - 1;
    if (pending[level] === 0) {
      pending.pop();
      continue;
    }
    if (pending[level]! > budget) throw new ProtocolError('E_TOO_LARGE', 'too many unknown elements');
    pending[level]!--;
    budget--;
    if (at >= end) throw new ProtocolError('E_MALFORMED', 'packet cut short');
    const children = arrayCount(bytes, at, end);
    if (children === undefined) {
      at = skipScalar(bytes, at, end);
      continue;
    }
    if (pending.length > SKIPPED_DEPTH_MAX) throw new ProtocolError('E_TOO_LARGE', 'unknown elements nest too deep');
    at += headerSize(bytes[at]!);
    pending.push(children);
  }
  return at;
}

/** How many elements the array at `at` has, or undefined when there is no array. */
function arrayCount(bytes: Uint8Array, at: number, end: number): number | undefined {
  const tag = bytes[at]!;
  if (tag >= 0x90 && tag <= 0x9f) return tag & 0x0f;
  if (tag === 0xdc) return bigEndian(bytes, at + 1, end, 2);
  if (tag === 0xdd) return bigEndian(bytes, at + 1, end, 4);
  return undefined;
}

function headerSize(tag: number): number {
  if (tag === 0xdc) return 3;
  return tag === 0xdd ? 5 : 1;
}

function skipScalar(bytes: Uint8Array, at: number, end: number): number {
  const after = at + scalarSize(bytes, at, end);
  if (after > end) throw new ProtocolError('E_MALFORMED', 'packet cut short');
  return after;
}

function scalarSize(bytes: Uint8Array, at: number, end: number): number {
  const tag = bytes[at]!;
  if (tag < 0x80 || tag === 0xc0 || tag === 0xc2 || tag === 0xc3) return 1;
  if (tag >= 0xa0 && tag <= 0xbf) return 1 + (tag & 0x1f);
  switch (tag) {
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      // Signed formats are allowed for what is not negative.
      if (bigEndian(bytes, at + 1, end, 1) >= 0x80) throw new ProtocolError('E_MALFORMED', 'integer below zero');
      return 1 + (1 << (tag - 0xd0));
    case 0xcc:
      return 2;
    case 0xcd:
      return 3;
    case 0xce:
      return 5;
    case 0xcf:
      return 9;
    case 0xc4:
    case 0xd9:
      return 2 + bigEndian(bytes, at + 1, end, 1);
    case 0xc5:
    case 0xda:
      return 3 + bigEndian(bytes, at + 1, end, 2);
    case 0xc6:
    case 0xdb:
      return 5 + bigEndian(bytes, at + 1, end, 4);
    default:
      throw new ProtocolError('E_MALFORMED', 'type not allowed');
  }
}

function bigEndian(bytes: Uint8Array, at: number, end: number, size: number): number {
  if (end - at < size) throw new ProtocolError('E_MALFORMED', 'packet cut short');
  let value = 0;
  for (let index = 0; index < size; index++) value = value * 0x100 + bytes[at + index]!;
  return value;
}
