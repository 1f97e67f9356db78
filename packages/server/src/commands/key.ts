/** `fingerprint`, `keygen` and `key rotate`: the identity of the server. */
import { join } from 'node:path';
import { defineCommand } from '@sealane/node/cli';
import { explained, integer, setting } from '@sealane/node/config';
import {
  IDENTITY_FILE,
  acquireProcessLock,
  createIdentity,
  lockHolder,
  openIdentity,
  openPrivateDirectory,
  readKeyFileFingerprint,
  rotateIdentity,
} from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { ConfigError } from '@sealane/shared/errors';
import { dataDirectorySettings, identitySettings, warnOfIdlePassphrase } from './settings.ts';

const DAY_SECONDS = 86_400;
const DAYS_DEFAULT = 90;
/** Its lock keeps two rotations apart; the server's own lock is left to the server, which may go on running. */
const RETIRED_DIRECTORY = 'retired';

const identityOptions = (passphrase: string | undefined) =>
  ({ crypto: nativeCrypto, kind: 'server', random: systemRandom, wallClock: Date.now, passphrase }) as const;

export const fingerprint = defineCommand({
  name: 'fingerprint',
  summary: 'Print the fingerprint by which agents know this server.',
  settings: dataDirectorySettings,
  examples: ['fingerprint'],
  async run({ settings, output }) {
    const name = readKeyFileFingerprint(join(settings.dataDir, IDENTITY_FILE), 'server');
    await output.emit({ event: 'fingerprint', fingerprint: name }, name);
  },
});

export const keygen = defineCommand({
  name: 'keygen',
  summary: 'Make the identity of a new server; serve does so by itself at its first start.',
  settings: identitySettings,
  examples: ['keygen', 'keygen --passphrase-file ./passphrase'],
  async run({ settings, output }) {
    const { dataDir, passphrase } = settings;
    openPrivateDirectory(dataDir);
    const file = join(dataDir, IDENTITY_FILE);
    if (!(await createIdentity(file, identityOptions(passphrase)))) {
      const error = new ConfigError('E_CONFIG', `There is an identity already: ${file}`);
      throw explained(error, {
        why: 'In its place a new one would lock out every agent that knows this server.',
        next: 'Use key rotate to change it so that agents follow.',
      });
    }
    const identity = await openIdentity(dataDir, identityOptions(passphrase));
    identity.wipe();
    const name = readKeyFileFingerprint(file, 'server');
    await output.emit({ event: 'key', fingerprint: name, file }, name);
  },
});

const rotate = defineCommand({
  name: 'rotate',
  summary: 'Give the server a new key; agents accept the old and the new one until the date.',
  settings: {
    ...identitySettings,
    days: setting(integer({ min: 1, max: 3_650 }), {
      help: 'Days in which every agent must connect once.',
      default: DAYS_DEFAULT,
    }),
  },
  examples: ['key rotate', 'key rotate --days 30'],
  async run({ settings, output }) {
    const { dataDir, passphrase, days } = settings;
    const retired = join(dataDir, RETIRED_DIRECTORY);
    // Where there is no key, no directory is made either.
    readKeyFileFingerprint(join(dataDir, IDENTITY_FILE), 'server');
    warnOfIdlePassphrase(settings, (text) => output.warn(text));
    openPrivateDirectory(retired);
    const lock = await acquireProcessLock(retired);
    try {
      const notAfter = Math.floor(Date.now() / 1_000) + days * DAY_SECONDS;
      const rotation = await rotateIdentity(dataDir, { ...identityOptions(passphrase), notAfter });
      const until = new Date(notAfter * 1_000).toISOString();
      const lines = [
        `old  ${rotation.oldFingerprint}`,
        `new  ${rotation.newFingerprint}`,
        `Agents follow until ${until}.`,
      ];
      await output.emit({ event: 'key-rotated', ...rotation }, lines.join('\n'));
      const holder = lockHolder(dataDir);
      if (holder !== undefined) output.note(`The running server takes the new key with: kill -HUP ${holder}`);
    } finally {
      lock.release();
    }
  },
});

export const key = { name: 'key', summary: 'Change the identity of the server.', commands: [rotate] };
