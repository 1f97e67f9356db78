/** export and import: account, contacts and messages in one file under a passphrase. */
import { readFile } from 'node:fs/promises';
import { ConfigError, StorageError } from '@sealane/shared/errors';
import { explained, path, setting, text } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { writeFileAtomic } from '@sealane/node/keys';
import type { ArchiveSummary } from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';
import { secretOf } from './secret-prompt.ts';

const archivePassphrase = setting(text(), { help: 'Passphrase of the archive.', secret: true });

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'Write account, contacts and messages into one file, under a passphrase.',
  settings: {
    ...connectionSettings,
    'archive-passphrase': archivePassphrase,
    output: setting(path(), { help: 'Where to write it; what is there is never replaced.' }),
  },
  examples: [
    'export --output ./alice.archive',
    'export --output ./alice.archive --archive-passphrase-file ./passphrase',
  ],
  async run(context) {
    const { settings, output } = context;
    const target = settings.output;
    if (target === undefined) throw new ConfigError('E_USAGE', 'export needs --output PATH');
    const about = { flag: 'archive-passphrase', prompt: 'Passphrase of the archive', isRepeated: true };
    const passphrase = await secretOf(context, settings.archivePassphrase, about);
    await withMessaging(context, { online: false }, async (messaging) => {
      const { bytes, summary } = await messaging.archive.export(passphrase);
      const isNew = writeFileAtomic(target, bytes, { exclusive: true });
      if (!isNew) throw fileExists(target);
      await output.emit({ event: 'exported', path: target, ...summary }, `Wrote ${target}: ${shown(summary)}`);
    });
  },
});

export const importCommand = defineCommand({
  name: 'import',
  summary: 'Add the contacts and messages of an archive to this device.',
  arguments: [{ name: 'path', help: 'The archive.' }],
  settings: { ...connectionSettings, 'archive-passphrase': archivePassphrase },
  examples: ['import ./alice.archive --archive-passphrase-file ./passphrase'],
  async run(context) {
    const { settings, output } = context;
    const [source = ''] = context.arguments;
    const bytes = await archiveBytes(source);
    const about = { flag: 'archive-passphrase', prompt: 'Passphrase of the archive' };
    const passphrase = await secretOf(context, settings.archivePassphrase, about);
    await withMessaging(context, { online: false }, async (messaging) => {
      const summary = await messaging.archive.import(bytes, passphrase);
      await output.emit({ event: 'imported', ...summary }, `Added ${shown(summary)}`);
    });
  },
});

function fileExists(path: string): StorageError {
  return explained(new StorageError('E_FILE_EXISTS', `${path} is there already`), {
    why: 'What is there is never replaced.',
    next: 'Choose another name with --output.',
  });
}

async function archiveBytes(source: string): Promise<Uint8Array> {
  try {
    return await readFile(source);
  } catch (cause) {
    if (!(cause instanceof Error) || !('code' in cause) || cause.code !== 'ENOENT') throw cause;
    throw explained(new StorageError('E_FILE_NOT_FOUND', `There is no file ${source}`, { cause }), {
      why: 'The archive is not where it was said to be.',
    });
  }
}

function shown({ username, contacts, conversations, messages }: ArchiveSummary): string {
  return `${messages} messages, ${conversations} conversations and ${contacts} contacts of ${username}`;
}
