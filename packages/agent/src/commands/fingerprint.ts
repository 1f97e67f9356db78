/** fingerprint: who this agent is. */
import { defineCommand } from '@sealane/node/cli';
import { openAgentIdentity } from '../identity/index.ts';
import { dataSettings } from './connection-settings.ts';

export const fingerprintCommand = defineCommand({
  name: 'fingerprint',
  summary: 'Print the fingerprint of the key of this agent; makes the key at the first time.',
  settings: dataSettings,
  examples: ['fingerprint', 'fingerprint --json'],
  async run({ settings, output }) {
    const { fingerprint, defaultId } = await openAgentIdentity(settings.dataDir, { passphrase: settings.passphrase });
    await output.emit({ event: 'fingerprint', fingerprint, id: defaultId }, fingerprint);
  },
});
