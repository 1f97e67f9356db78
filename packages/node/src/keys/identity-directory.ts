/**
 * The identity in a data directory: `identity.key`, made at the first start and never again silently. Beside it lies
 * `identity.pub` with the fingerprint: where that is and the key is not, the key was lost, and a start refuses (S6).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { wipe } from '@sealane/shared/bytes';
import { fingerprint, type Crypto, type IdentityKeys, type Random } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf, storageError, writeFileAtomic } from './atomic-file.ts';
import { createKeyFile, isKeyFileProtected, loadKeyFile, type KeyKind } from './key-file.ts';
import { openPrivateDirectory } from './private-directory.ts';

/** What the functions on an identity need. */
export interface IdentityOptions {
  readonly crypto: Crypto;
  readonly kind: KeyKind;
  readonly random: Random;
  /** Wall clock in milliseconds. */
  readonly wallClock: () => number;
  readonly passphrase?: string | undefined;
}

/** Name of the key file in a data directory. */
export const IDENTITY_FILE = 'identity.key';
const PUBLIC_FILE = 'identity.pub';
const SEED_BYTES = 32;

/**
 * Loads the identity of a data directory; makes directory and identity at the first start. Several processes may do so
 * at once: one of them makes it, all load the same.
 *
 * @throws ConfigError as `loadKeyFile` and `openPrivateDirectory`, and when the key was lost.
 */
export async function openIdentity(directory: string, options: IdentityOptions): Promise<IdentityKeys> {
  openPrivateDirectory(directory);
  const file = join(directory, IDENTITY_FILE);
  if (!exists(file)) {
    refuseLostKey(directory);
    await createIdentity(file, options);
  }
  const identity = await loadKeyFile(file, options);
  writePublicFile(directory, fingerprint(options.crypto, identity.static.publicKey));
  return identity;
}

/** Makes a new identity. @returns false when there is one already; it is left as it is. */
export async function createIdentity(file: string, options: IdentityOptions): Promise<boolean> {
  const seed = options.random(SEED_BYTES);
  try {
    return await createKeyFile(file, seed, { ...options, created: new Date(options.wallClock()) });
  } finally {
    wipe(seed);
  }
}

/**
 * What to warn of where a passphrase is given for a key that is there and that none protects: the user takes it for protected.
 *
 * @returns undefined where all is well. @throws as `loadKeyFile`.
 */
export function idlePassphrase(
  directory: string,
  { kind, passphrase }: { readonly kind: KeyKind; readonly passphrase: string | undefined },
): string | undefined {
  const file = join(directory, IDENTITY_FILE);
  if (passphrase === undefined || !exists(file) || isKeyFileProtected(file, kind)) return undefined;
  return `The key file ${file} is not protected by a passphrase, though one is given`;
}

/** Notes the fingerprint beside the key, where it is not noted yet. */
export function writePublicFile(directory: string, name: string): void {
  const file = join(directory, PUBLIC_FILE);
  if (readOrUndefined(file)?.trim() !== name) writeFileAtomic(file, `${name}\n`);
}

function refuseLostKey(directory: string): void {
  const known = readOrUndefined(join(directory, PUBLIC_FILE));
  if (known === undefined) return;
  const file = join(directory, IDENTITY_FILE);
  const error = new ConfigError('E_KEY_FILE', `The key file ${file} is missing, and this directory had an identity`);
  throw explained(error, {
    why: `${join(directory, PUBLIC_FILE)} names ${/^SHA256:\S{1,60}/.exec(known)?.[0] ?? 'it'}.`,
    next: `Restore ${file} from a backup; for a new identity remove ${join(directory, PUBLIC_FILE)} first.`,
  });
}

function exists(file: string): boolean {
  try {
    readFileSync(file);
    return true;
  } catch (error) {
    // What is there but cannot be read is `loadKeyFile`'s to explain.
    return codeOf(error) !== 'ENOENT';
  }
}

function readOrUndefined(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storageError(`Cannot read ${file}`, error);
  }
}
