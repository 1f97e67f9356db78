/**
 * The admin token: made at the first start, kept in the data directory for its owner alone (fault A13). Whoever can read it
 * may do everything the admin port offers.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { explained, readTextFile } from '@sealane/node/config';
import { writeFileAtomic } from '@sealane/node/keys';
import { toBase64Url } from '@sealane/shared/bytes';
import type { Random } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';

/** Names in the data directory. */
export const ADMIN_TOKEN_FILE = 'admin-token';
const TOKEN_BYTES = 32;
const TOKEN_FORM = /^[A-Za-z0-9_-]{43}$/;
const READABLE_BY_OTHERS = 0o077;

/** The token, made where there is none. @throws ConfigError, StorageError that say what to do. */
export function openAdminToken(directory: string, random: Random): { readonly token: string; readonly isNew: boolean } {
  const isNew = writeFileAtomic(join(directory, ADMIN_TOKEN_FILE), `${toBase64Url(random(TOKEN_BYTES))}\n`, {
    exclusive: true,
  });
  return { token: readAdminToken(directory), isNew };
}

/**
 * The token in the data directory: 43 characters of base64url.
 *
 * @throws ConfigError `E_DATA` where it is missing or damaged, `E_CONFIG` where its file cannot be read, `E_KEY_MODE`
 *   where others can read it.
 */
export function readAdminToken(directory: string): string {
  const file = join(directory, ADMIN_TOKEN_FILE);
  const text = readTextFile(file, { bytesMax: 1_024, missing: 'undefined' });
  if (text === undefined) {
    const error = new ConfigError('E_DATA', `The admin token ${file} is missing`);
    throw explained(error, { why: 'Somebody removed it.', next: 'Start the server again: it makes a new one.' });
  }
  const token = text.trim();
  if (!TOKEN_FORM.test(token)) {
    const error = new ConfigError('E_DATA', `The file ${file} holds no admin token`);
    throw explained(error, { next: `Remove ${file}; the next start of the server makes a new one.` });
  }
  if (process.platform !== 'win32' && (statSync(file).mode & READABLE_BY_OTHERS) !== 0) {
    throw explained(new ConfigError('E_KEY_MODE', `Others can read the admin token ${file}`), {
      next: `Run: chmod 600 ${file}; where others may have read it, remove it and start the server again.`,
    });
  }
  return token;
}

/** Compares in a time that tells nothing: over hashes, which have one length. */
export function isSameToken(given: string, expected: string): boolean {
  return timingSafeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}
