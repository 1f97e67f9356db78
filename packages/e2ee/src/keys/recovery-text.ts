/**
 * The recovery key on paper: base32 in the alphabet of Crockford, which has no letters that look like digits. 13 groups
 * carry four characters of the key (20 bits) and a check character; the 14th does so for a hash of the whole. The check character finds
 * every single wrong character and every two that were swapped, and it depends on the place of the group, so that a program can say
 * which group was mistyped.
 */
import { sha256 } from '@noble/hashes/sha2.js';

/** Bytes of the secret. */
export const RECOVERY_SECRET_BYTES = 32;

/** Result of `parseRecoveryText`: the secret, or the groups (from 1) that are wrong; none where their number is. */
export type RecoveryTextResult =
  | { readonly ok: true; readonly secret: Uint8Array }
  | { readonly ok: false; readonly wrongGroups: readonly number[] };

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const DATA_CHARS = 4;
const GROUP_CHARS = DATA_CHARS + 1;
/** 52 characters hold the 256 bits and 4 bits of zeros. */
const SECRET_GROUPS = 13;
const GROUPS = SECRET_GROUPS + 1;
const SECRET_CHARS = SECRET_GROUPS * DATA_CHARS;

/** 14 groups of 5 characters, with a `-` between them. */
export function recoveryText(secret: Uint8Array): string {
  const symbols = [...symbolsOf(secret, SECRET_CHARS), ...symbolsOf(sha256(secret), DATA_CHARS)];
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const data = symbols.slice(index * DATA_CHARS, (index + 1) * DATA_CHARS);
    return [...data, checkSymbol(index, data)].map((symbol) => ALPHABET.charAt(symbol)).join('');
  });
  return groups.join('-');
}

/** Reads what a person typed: in any case, with O for 0 and I or L for 1, spaces and marks anywhere. */
export function parseRecoveryText(text: string): RecoveryTextResult {
  const typed = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1');
  if (typed.length !== GROUPS * GROUP_CHARS) return { ok: false, wrongGroups: [] };
  const wrongGroups: number[] = [];
  const symbols: number[] = [];
  for (let index = 0; index < GROUPS; index++) {
    const group = Array.from(typed.slice(index * GROUP_CHARS, (index + 1) * GROUP_CHARS), (character) =>
      ALPHABET.indexOf(character),
    );
    const data = group.slice(0, DATA_CHARS);
    const isRight = !group.includes(-1) && group[DATA_CHARS] === checkSymbol(index, data);
    if (!isRight) wrongGroups.push(index + 1);
    symbols.push(...data);
  }
  if (wrongGroups.length > 0) return { ok: false, wrongGroups };
  const secret = bytesOf(symbols.slice(0, SECRET_CHARS));
  const expected = [...symbolsOf(secret, SECRET_CHARS), ...symbolsOf(sha256(secret), DATA_CHARS)];
  const isWhole = expected.every((symbol, index) => symbol === symbols[index]);
  return isWhole ? { ok: true, secret } : { ok: false, wrongGroups: [GROUPS] };
}

/** The first `count` symbols of 5 bits; zeros behind the last byte. */
function symbolsOf(bytes: Uint8Array, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    let symbol = 0;
    for (let bit = index * 5; bit < index * 5 + 5; bit++) {
      symbol = (symbol << 1) | (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    }
    return symbol;
  });
}

function bytesOf(symbols: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(RECOVERY_SECRET_BYTES);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const value = ((symbols[Math.floor(bit / 5)] ?? 0) >> (4 - (bit % 5))) & 1;
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (value << (7 - (bit & 7)));
  }
  return bytes;
}

/** Horner's rule at a generator of GF(32): each place has a factor of its own, so errors of one place never cancel. */
function checkSymbol(groupIndex: number, data: readonly number[]): number {
  let sum = groupIndex + 1;
  for (const symbol of data) sum = timesGenerator(sum) ^ symbol;
  return timesGenerator(sum);
}

/** Multiplication by x in GF(2)[x] / (x⁵ + x² + 1). */
function timesGenerator(value: number): number {
  return ((value << 1) & 0x1f) ^ ((value & 0x10) === 0 ? 0 : 0x05);
}
