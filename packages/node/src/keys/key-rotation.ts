/**
 * Rotation of a server's identity. The steps, each of which may be the last before a crash; a new attempt goes on:
 *
 *   1. `identity.key.next`: the new key.
 *   2. `successions.json`: the old key names the new one.
 *   3. `retired/PUBLIC-KEY-START.key`: a second name of the old key file, in case the rotation must be undone.
 *   4. `identity.key.next` becomes `identity.key`.
 */
import { linkSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { equalBytes, fromBase64, toBase64, toHex } from '@sealane/shared/bytes';
import { fingerprint, type IdentityKeys } from '@sealane/shared/crypto';
import { decodeKeySuccession, encodeKeySuccession, SUCCESSIONS_MAX } from '@sealane/shared/documents';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf, storageError, syncDirectory, writeFileAtomic } from './atomic-file.ts';
import { createIdentity, IDENTITY_FILE, writePublicFile, type IdentityOptions } from './identity-directory.ts';
import { loadKeyFile } from './key-file.ts';
import { openPrivateDirectory } from './private-directory.ts';

const NEXT_FILE = 'identity.key.next';
const SUCCESSIONS_FILE = 'successions.json';
const RETIRED_DIRECTORY = 'retired';

/** What a rotation came to. */
export interface Rotation {
  readonly oldFingerprint: string;
  readonly newFingerprint: string;
  /** Unix seconds: until then agents follow by themselves. */
  readonly notAfter: number;
}

/**
 * Gives the server a new identity, which its agents follow until `notAfter`. The caller holds the process lock.
 *
 * @param options.notAfter unix seconds.
 * @throws ConfigError and StorageError as `loadKeyFile`; the old identity is then still in place.
 */
export async function rotateIdentity(
  directory: string,
  options: IdentityOptions & { readonly notAfter: number },
): Promise<Rotation> {
  const file = join(directory, IDENTITY_FILE);
  const nextFile = join(directory, NEXT_FILE);
  const current = await loadKeyFile(file, options);
  await createIdentity(nextFile, options);
  const next = await loadKeyFile(nextFile, options);
  const [oldFingerprint, newFingerprint] = [current, next].map((identity) =>
    fingerprint(options.crypto, identity.static.publicKey),
  ) as [string, string];

  addSuccession(directory, current, next, options.notAfter);
  retire(directory, file, current.static.publicKey);
  try {
    renameSync(nextFile, file);
    syncDirectory(directory);
  } catch (error) {
    throw storageError(`Cannot put the new key into ${file}`, error);
  }
  writePublicFile(directory, newFingerprint);
  current.wipe();
  next.wipe();
  return { oldFingerprint, newFingerprint, notAfter: options.notAfter };
}

/**
 * The succession documents that lead to the current key, oldest first: what the server shows in its handshake.
 *
 * @param currentKey X25519 public key, 32 bytes. Documents of a rotation that did not finish are left out.
 * @returns at most `SUCCESSIONS_MAX` documents, none expired.
 * @throws ConfigError `E_DATA` when the file is damaged.
 */
export function loadSuccessions(directory: string, currentKey: Uint8Array, nowSeconds: number): readonly Uint8Array[] {
  const documents = readSuccessions(directory);
  const decoded = documents.map(decodeKeySuccession);
  const end =
    decoded.findLastIndex((document) => document !== undefined && equalBytes(document.newKey, currentKey)) + 1;
  // A chain starts after its last expired link.
  const start = decoded.slice(0, end).findLastIndex((document) => (document?.notAfter ?? 0) < nowSeconds) + 1;
  return documents.slice(Math.max(start, end - SUCCESSIONS_MAX), end);
}

/** Adds the link from `current` to `next`; a link from `current` that was never completed is replaced. */
function addSuccession(directory: string, current: IdentityKeys, next: IdentityKeys, notAfter: number): void {
  const document = encodeKeySuccession(current, { newKey: next.static.publicKey, notAfter });
  const earlier = readSuccessions(directory).filter((each) => {
    const oldKey = decodeKeySuccession(each)?.oldKey;
    return oldKey !== undefined && !equalBytes(oldKey, current.static.publicKey);
  });
  const kept = [...earlier, document].slice(-SUCCESSIONS_MAX).map(toBase64);
  writeFileAtomic(
    join(directory, SUCCESSIONS_FILE),
    `${JSON.stringify({ version: 1, successions: kept }, undefined, 2)}\n`,
  );
}

const successionsSchema = z.strictObject({
  version: z.literal(1),
  successions: z.array(z.string().check(z.maxLength(1_024))).check(z.maxLength(SUCCESSIONS_MAX)),
});

function readSuccessions(directory: string): readonly Uint8Array[] {
  const file = join(directory, SUCCESSIONS_FILE);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw storageError(`Cannot read ${file}`, error);
  }
  const parsed = z.safeParse(successionsSchema, parseJson(text));
  const documents = parsed.success ? parsed.data.successions.map(fromBase64) : [undefined];
  const valid = documents.filter(
    (each) => each !== undefined && decodeKeySuccession(each) !== undefined,
  ) as Uint8Array[];
  if (valid.length === documents.length) return valid;
  throw explained(new ConfigError('E_DATA', `The file ${file} is damaged`), {
    next: `Restore ${file} from a backup; without it, agents must accept the current key by hand.`,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Gives the old key file a second name, so that the rename over the first does not lose it. */
function retire(directory: string, file: string, publicKey: Uint8Array): void {
  const retired = join(directory, RETIRED_DIRECTORY);
  openPrivateDirectory(retired);
  try {
    linkSync(file, join(retired, `${toHex(publicKey.subarray(0, 8))}.key`));
    syncDirectory(retired);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw storageError(`Cannot keep the old key in ${retired}`, error);
  }
}
