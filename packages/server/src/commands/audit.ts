/** `audit verify`: whether the audit log is whole. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { defineCommand } from '@sealane/node/cli';
import { explained } from '@sealane/node/config';
import { ConfigError, EXIT } from '@sealane/shared/errors';
import { AUDIT_FILE, verifyAudit } from '../audit/index.ts';
import { dataDirectorySettings } from './settings.ts';

const verify = defineCommand({
  name: 'verify',
  summary: 'Check the chain of the audit log, and name the first line that was changed.',
  settings: dataDirectorySettings,
  examples: ['audit verify', 'audit verify --json'],
  async run({ settings, output }) {
    const { dataDir } = settings;
    if (!existsSync(join(dataDir, AUDIT_FILE))) throw noLog(dataDir);
    const { files, lines, last, broken } = await verifyAudit(dataDir);
    const record = { event: 'audit', isWhole: broken === undefined, files, lines, last, broken: broken ?? null };
    const text =
      broken === undefined
        ? `${lines} lines are whole; the last one is number ${last.number} with hash ${last.hash}.`
        : `${broken.file}, line ${broken.line}: ${broken.why}. The ${lines} lines before it are whole.`;
    await output.emit(record, text);
    return broken === undefined ? EXIT.ok : EXIT.badData;
  },
});

function noLog(directory: string): ConfigError {
  return explained(new ConfigError('E_CONFIG', `There is no audit log in ${directory}`), {
    why: 'A server makes it at its first start.',
    next: 'Name the data directory of a server with --data-dir.',
  });
}

export const audit = { name: 'audit', summary: 'Check the audit log.', commands: [verify] };
