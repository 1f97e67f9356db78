/**
 * Key files: one identity (a 32-byte Ed25519 seed) as JSON with mode 0600, in clear or under a passphrase. A file that
 * cannot be used is refused with its path and a hint and is never replaced (faults D12, S6, S8).
 */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { fromBase64, toBase64, utf8Encode, wipe } from '@sealane/shared/bytes';
import { fingerprint, IdentityKeys, type Crypto } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import { explained } from '../config/index.ts';
import { codeOf, storageError, writeFileAtomic } from './atomic-file.ts';
import { refuseForeignOwner, showMode } from './private-directory.ts';
import { openSeed, sealedSeedSchema, sealSeed } from './sealed-seed.ts';

/** Whose identity a key file holds. */
export type KeyKind = 'server' | 'agent';

const FORMAT = 'sealane-key';
const FORMAT_VERSION = 1;
const KEY_FILE_BYTES_MAX = 16_384;
const SEED_BYTES = 32;
const ACCESSIBLE_BY_OTHERS = 0o077;

const keyFileSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(FORMAT_VERSION),
  kind: z.enum(['server', 'agent']),
  created: z.string().check(z.maxLength(64)),
  fingerprint: z.string().check(z.regex(/^SHA256:[A-Za-z0-9+/]{43}$/)),
  seed: z.optional(z.string().check(z.maxLength(64))),
  sealed: z.optional(sealedSeedSchema),
});
type KeyFile = z.infer<typeof keyFileSchema>;

interface KeyFileOptions {
  readonly crypto: Crypto;
  readonly kind: KeyKind;
  /** Opens or seals the seed; without it the seed stands in clear. */
  readonly passphrase?: string | undefined;
}

/**
 * Writes a new key file.
 *
 * @param seed 32 bytes, borrowed.
 * @param created wall clock, shown only.
 * @returns false when there is a file already; it is left as it is.
 */
export async function createKeyFile(
  file: string,
  seed: Uint8Array,
  options: KeyFileOptions & { readonly created: Date },
): Promise<boolean> {
  const { crypto, kind, passphrase, created } = options;
  const identity = new IdentityKeys(crypto, seed);
  const head = {
    format: FORMAT,
    version: FORMAT_VERSION,
    kind,
    created: created.toISOString(),
    fingerprint: fingerprint(crypto, identity.static.publicKey),
  } as const;
  identity.wipe();
  const body =
    passphrase === undefined ? { seed: toBase64(seed) } : { sealed: await sealSeed(seed, passphrase, boundHead(head)) };
  return writeFileAtomic(file, `${JSON.stringify({ ...head, ...body }, undefined, 2)}\n`, { exclusive: true });
}

/**
 * Loads an identity.
 *
 * @throws ConfigError `E_KEY_FILE` (missing, damaged, foreign), `E_KEY_MODE`, `E_CONFIG` (owner), `E_PASSPHRASE`.
 * @throws StorageError `E_STORAGE` when the disk refuses.
 */
export async function loadKeyFile(file: string, options: KeyFileOptions): Promise<IdentityKeys> {
  const { crypto, kind } = options;
  const content = readKeyFile(file, kind);
  if (content.kind !== kind)
    throw unusable(file, kind, `it is the key of ${content.kind === 'agent' ? 'an agent' : 'a server'}`);
  const seed = await seedOf(file, content, options.passphrase);
  const identity = new IdentityKeys(crypto, seed);
  wipe(seed);
  if (fingerprint(crypto, identity.static.publicKey) === content.fingerprint) return identity;
  identity.wipe();
  throw unusable(file, kind, 'its key does not have the fingerprint it names');
}

/** The fingerprint a key file names: needs no passphrase. @throws as `loadKeyFile`. */
export function readKeyFileFingerprint(file: string, kind: KeyKind): string {
  return readKeyFile(file, kind).fingerprint;
}

/** Whether a key file needs a passphrase. @throws as `loadKeyFile`. */
export function isKeyFileProtected(file: string, kind: KeyKind): boolean {
  return readKeyFile(file, kind).sealed !== undefined;
}

/** @param kind whose key it is to be: for what an error says to do. */
function readKeyFile(file: string, kind: KeyKind): KeyFile {
  return parse(file, kind, readPrivateFile(file, kind));
}

/** Mode and owner are checked on the open file, so that it cannot be exchanged in between. */
function readPrivateFile(file: string, kind: KeyKind): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw missing(file);
    throw storageError(`Cannot open the key file ${file}`, error);
  }
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw unusable(file, kind, 'it is not a file');
    refuseForeignOwner(file, stats);
    if (process.platform !== 'win32' && (stats.mode & ACCESSIBLE_BY_OTHERS) !== 0) {
      const message = `The key file ${file} can be read by others (mode ${showMode(stats)})`;
      throw explained(new ConfigError('E_KEY_MODE', message), { next: `Run: chmod 600 ${file}` });
    }
    if (stats.size === 0) throw unusable(file, kind, 'it is empty');
    if (stats.size > KEY_FILE_BYTES_MAX) throw unusable(file, kind, `it is larger than ${KEY_FILE_BYTES_MAX} bytes`);
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function parse(file: string, kind: KeyKind, text: string): KeyFile {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw unusable(file, kind, 'it is damaged, or no Sealane key file');
  }
  if (versionOf(content) > FORMAT_VERSION) throw unusable(file, kind, 'a newer version of Sealane wrote it');
  const result = z.safeParse(keyFileSchema, content);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join('.') ?? '';
  throw unusable(file, kind, where === '' ? 'it is no Sealane key file' : `its field "${where}" is missing or wrong`);
}

function versionOf(content: unknown): number {
  const isOurs = typeof content === 'object' && content !== null && 'format' in content && content.format === FORMAT;
  return isOurs && 'version' in content && typeof content.version === 'number' ? content.version : 0;
}

async function seedOf(file: string, content: KeyFile, passphrase: string | undefined): Promise<Uint8Array> {
  if ((content.seed === undefined) === (content.sealed === undefined))
    throw unusable(file, content.kind, 'it must hold one key');
  let seed: Uint8Array | undefined;
  if (content.sealed === undefined) {
    seed = fromBase64(content.seed ?? '');
  } else if (passphrase === undefined) {
    const error = new ConfigError('E_PASSPHRASE', `The key file ${file} is protected by a passphrase`);
    throw explained(error, { why: 'No passphrase was given.', next: 'Give the passphrase with --passphrase-file.' });
  } else {
    seed = await openSeed(content.sealed, passphrase, boundHead(content));
  }
  if (seed?.length !== SEED_BYTES) throw unusable(file, content.kind, 'its key is damaged');
  return seed;
}

/** What a sealed seed is bound to: nobody can move it under another name. */
function boundHead({
  version,
  kind,
  fingerprint: name,
}: Pick<KeyFile, 'version' | 'kind' | 'fingerprint'>): Uint8Array {
  return utf8Encode(`${FORMAT} ${version} ${kind} ${name}`);
}

function missing(file: string): ConfigError {
  return explained(new ConfigError('E_KEY_FILE', `There is no key file ${file}`), {
    why: 'No identity was made in this data directory yet, or the file was removed.',
    next: 'The first start makes one; otherwise check --data-dir, or restore the file from a backup.',
  });
}

/** An agent has no `keygen`, and makes no new identity while `identity.pub` tells of a lost one. */
const RENEWALS = {
  server: 'move it away and make a new identity with keygen.',
  agent:
    'move it and identity.pub away: the next start makes a new identity, which the server must enrol anew ' +
    '(enrol --id ID --replace).',
} as const;

function unusable(file: string, kind: KeyKind, why: string): ConfigError {
  return explained(new ConfigError('E_KEY_FILE', `The key file ${file} cannot be used: ${why}`), {
    why: 'The key is the identity by which others know this side, so no other one takes its place by itself.',
    next: `Restore ${file} from a backup, or ${RENEWALS[kind]}`,
  });
}
