/**
 * `serve --identity-file`: the key that several nodes share, so that agents see one server. It is copied into a data directory
 * that has no key; where there is one already, it must be the same, or one that has followed it (`key rotate`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained, path, setting, type SettingValues } from '@sealane/node/config';
import {
  IDENTITY_FILE,
  loadSuccessions,
  openIdentity,
  openPrivateDirectory,
  readKeyFileFingerprint,
  writeFileAtomic,
} from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { decodeKeySuccession } from '@sealane/shared/documents';
import { ConfigError } from '@sealane/shared/errors';
import type { identitySettings } from './settings.ts';

export const sharedIdentitySettings = {
  'identity-file': setting(path(), {
    help: 'Key file that several nodes share; copied into a data directory without a key.',
    defaultHelp: 'a key of its own in the data directory',
  }),
};

/** @throws ConfigError, StorageError that name the file and what to do. */
export async function adoptIdentity(
  settings: SettingValues<typeof sharedIdentitySettings & typeof identitySettings>,
): Promise<void> {
  const { identityFile: shared, dataDir } = settings;
  if (shared === undefined) return;
  const name = readKeyFileFingerprint(shared, 'server');
  const own = join(dataDir, IDENTITY_FILE);
  if (!existsSync(own)) {
    openPrivateDirectory(dataDir);
    writeFileAtomic(own, readFileSync(shared, 'utf8'), { exclusive: true });
    return;
  }
  if (readKeyFileFingerprint(own, 'server') === name || (await hasFollowed(name, settings))) return;
  throw explained(new ConfigError('E_KEY_FILE', `${own} is another identity than ${shared}`), {
    why: 'Agents would see two servers behind one name.',
    next: `Start it with a new data directory, or without --identity-file.`,
  });
}

/** Whether the key of the data directory came after the named one by rotation. */
async function hasFollowed(
  name: string,
  { dataDir, passphrase }: SettingValues<typeof identitySettings>,
): Promise<boolean> {
  const options = { crypto: nativeCrypto, kind: 'server', random: systemRandom, wallClock: Date.now } as const;
  const identity = await openIdentity(dataDir, { ...options, passphrase });
  const { publicKey } = identity.static;
  const documents = loadSuccessions(dataDir, publicKey, Math.floor(Date.now() / 1_000)).map(decodeKeySuccession);
  identity.wipe();
  return documents.some((document) => document !== undefined && fingerprint(nativeCrypto, document.oldKey) === name);
}
