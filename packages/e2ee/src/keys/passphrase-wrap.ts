/**
 * Secrets under a passphrase: for exports, and for keys at rest. The key is scrypt (RFC 7914) of the passphrase, the seal
 * AES-256-GCM.
 *
 *     version 0x01 (1) ‖ log2 of N (1) ‖ r (1) ‖ p (1) ‖ salt (16) ‖ sealed secret (16 bytes more than it)
 *
 * Scrypt and not Argon2id: in JavaScript alone, which is all that a browser has, scrypt with 128 MiB takes about as long
 * as Argon2id (3 passes) with a quarter of that. The parameters stand in front, so that they can grow; they are bounded
 * when they are read, so that a hostile file costs no more than the largest of ours.
 */
import { concat, utf8Encode, wipe } from '@sealane/shared/bytes';
import { SIZES, type Crypto, type Random, type ScryptCost } from '@sealane/shared/crypto';

/** 128 MiB, about half a second. */
export const PASSPHRASE_COST: ScryptCost = { logN: 17, r: 8, p: 1 };

/** Most that is taken from a file: 1 GiB. */
const COST_MAX: ScryptCost = { logN: 20, r: 8, p: 4 };
const VERSION = 0x01;
const SALT_BYTES = 16;
const HEADER_BYTES = 4 + SALT_BYTES;
// The key is used once: each wrap has a salt of its own.
const NONCE = new Uint8Array(SIZES.aeadNonce);

/** Seals `secret`. @throws RangeError for an empty passphrase or parameters out of range. */
export async function wrapWithPassphrase(
  crypto: Crypto,
  { passphrase, secret, random }: { passphrase: string; secret: Uint8Array; random: Random },
  cost: ScryptCost = PASSPHRASE_COST,
): Promise<Uint8Array> {
  if (passphrase === '') throw new RangeError('the passphrase is empty');
  if (!isCost(cost)) throw new RangeError('the parameters of scrypt are out of range');
  const header = concat(Uint8Array.of(VERSION, cost.logN, cost.r, cost.p), random(SALT_BYTES));
  const key = await keyOf(crypto, passphrase, header);
  const sealed = crypto.aeadSeal(key, NONCE, header, secret);
  wipe(key);
  return concat(header, sealed);
}

/**
 * Opens what `wrapWithPassphrase` gave. Costs up to 1 GiB of memory, as the bytes say.
 *
 * @returns the secret, or undefined where the passphrase is another one or the bytes are damaged.
 */
export async function unwrapWithPassphrase(
  crypto: Crypto,
  { passphrase, wrapped }: { passphrase: string; wrapped: Uint8Array },
): Promise<Uint8Array | undefined> {
  if (wrapped.length < HEADER_BYTES + SIZES.aeadTag || wrapped[0] !== VERSION) return undefined;
  const header = wrapped.subarray(0, HEADER_BYTES);
  const [, logN = 0, r = 0, p = 0] = header;
  if (!isCost({ logN, r, p })) return undefined;
  const key = await keyOf(crypto, passphrase, header);
  const secret = crypto.aeadOpen(key, NONCE, header, wrapped.subarray(HEADER_BYTES));
  wipe(key);
  return secret;
}

function isCost({ logN, r, p }: ScryptCost): boolean {
  return logN >= 1 && logN <= COST_MAX.logN && r >= 1 && r <= COST_MAX.r && p >= 1 && p <= COST_MAX.p;
}

function keyOf(crypto: Crypto, passphrase: string, header: Uint8Array): Promise<Uint8Array> {
  const [, logN = 0, r = 0, p = 0] = header;
  // One form for texts that look the same (UAX #15), whichever keyboard they come from.
  return crypto.scrypt(utf8Encode(passphrase.normalize('NFC')), header.slice(4), { logN, r, p });
}
