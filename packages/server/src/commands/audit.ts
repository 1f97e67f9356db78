/** `audit verify`: whether the audit log is whole. */
import { defineCommand } from '@sealane/node/cli';
import { EXIT } from '@sealane/shared/errors';
import { verifyAudit } from '../audit/index.ts';
import { dataDirectorySettings } from './settings.ts';

const verify = defineCommand({
  name: 'verify',
  summary: 'Check the chain of the audit log, and name the first line that was changed.',
  settings: dataDirectorySettings,
  examples: ['audit verify', 'audit verify --json'],
  async run({ settings, output }) {
    const { files, lines, last, broken } = await verifyAudit(settings.dataDir);
    const record = { event: 'audit', isWhole: broken === undefined, files, lines, last, broken: broken ?? null };
    const text =
      broken === undefined
        ? `${lines} lines are whole; the last one is number ${last.number} with hash ${last.hash}.`
        : `${broken.file}, line ${broken.line}: ${broken.why}. The ${lines} lines before it are whole.`;
    await output.emit(record, text);
    return broken === undefined ? EXIT.ok : EXIT.badData;
  },
});

export const audit = { name: 'audit', summary: 'Check the audit log.', commands: [verify] };
