/**
 * Safety numbers: what two people compare to know that no server stands between them. A number depends on the genesis statement and the
 * recovery key of both accounts, so it stays the same while devices come and go, and changes when an identity does.
 *
 *     half = SHA-512 of version ‖ recoveryKey ‖ accountId, then 5,199 times SHA-512 of the last hash ‖ recoveryKey
 *
 * 30 digits of each half, the lower half first. The number of rounds makes each try to find another account with the same
 * digits cost as much; it is that of Signal's numbers.
 */
import { concat, equalBytes, fromBase64, toBase64Url } from '@sealane/shared/bytes';
import { SIZES, expectSize, type Crypto } from '@sealane/shared/crypto';

/** What a safety number stands for. */
export interface AccountIdentity {
  /** SHA-256 of the genesis statement, 32 bytes. */
  readonly accountId: Uint8Array;
  /** Ed25519 public key, 32 bytes. */
  readonly recoveryKey: Uint8Array;
}

/** What a scanned code says. */
export type ScanResult = 'match' | 'mismatch' | 'not-a-code';

const ROUNDS = 5_200;
const VERSION = Uint8Array.of(0x01);
const DIGITS_PER_GROUP = 5;
const GROUPS_PER_HALF = 6;
const CODE_PREFIX = 'sealane-verify-1:';
/** Of each half the code carries this much: 256 bits. */
const CODE_HALF_BYTES = 32;

/** 12 groups of 5 digits, with a space between them. The same for both accounts. */
export function safetyNumber(crypto: Crypto, mine: AccountIdentity, theirs: AccountIdentity): string {
  const halves = [digitsOf(halfOf(crypto, mine)), digitsOf(halfOf(crypto, theirs))];
  return halves.sort().join(' ');
}

/** The text of the QR code that one shows to the other. */
export function safetyCode(crypto: Crypto, mine: AccountIdentity, theirs: AccountIdentity): string {
  const halves = [mine, theirs].map((identity) => halfOf(crypto, identity).subarray(0, CODE_HALF_BYTES));
  return CODE_PREFIX + toBase64Url(concat(...halves));
}

/** Judges the code that the other one shows. */
export function scanSafetyCode(
  crypto: Crypto,
  text: string,
  { mine, theirs }: { readonly mine: AccountIdentity; readonly theirs: AccountIdentity },
): ScanResult {
  const trimmed = text.trim();
  if (!trimmed.startsWith(CODE_PREFIX)) return 'not-a-code';
  const scanned = fromBase64(trimmed.slice(CODE_PREFIX.length));
  if (scanned?.length !== 2 * CODE_HALF_BYTES) return 'not-a-code';
  const expected = fromBase64(safetyCode(crypto, theirs, mine).slice(CODE_PREFIX.length));
  return expected !== undefined && equalBytes(scanned, expected) ? 'match' : 'mismatch';
}

function halfOf(crypto: Crypto, { accountId, recoveryKey }: AccountIdentity): Uint8Array {
  expectSize('accountId', accountId, SIZES.hash);
  expectSize('recoveryKey', recoveryKey, SIZES.ed25519PublicKey);
  let hash = crypto.sha512(concat(VERSION, recoveryKey, accountId));
  for (let round = 1; round < ROUNDS; round++) hash = crypto.sha512(concat(hash, recoveryKey));
  return hash;
}

/** 6 groups, each of 40 bits. */
function digitsOf(half: Uint8Array): string {
  const view = new DataView(half.buffer, half.byteOffset, half.length);
  const groups = Array.from({ length: GROUPS_PER_HALF }, (_, index) => {
    const value = view.getUint8(index * 5) * 2 ** 32 + view.getUint32(index * 5 + 1);
    return String(value % 10 ** DIGITS_PER_GROUP).padStart(DIGITS_PER_GROUP, '0');
  });
  return groups.join(' ');
}
