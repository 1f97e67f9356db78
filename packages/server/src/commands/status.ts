/** `status`: how the server is, in one look. `drain`: its orderly end. */
import { defineCommand } from '@sealane/node/cli';
import { AdminClient } from './admin-client.ts';
import { printDone } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';
import { statusLines } from './status-lines.ts';

export const status = defineCommand({
  name: 'status',
  summary: 'Show how the server is.',
  settings: dataDirectorySettings,
  examples: ['status', 'status --json'],
  async run({ settings, output }) {
    const { body } = await new AdminClient(settings.dataDir).ask('GET', '/v1/status');
    await output.emit({ event: 'status', ...body }, statusLines(body).join('\n'));
  },
});

export const drain = defineCommand({
  name: 'drain',
  summary: 'End the server in an orderly way: agents are told when to come back.',
  settings: dataDirectorySettings,
  examples: ['drain'],
  async run(context) {
    const text = (): string => 'The server finishes its work and ends.';
    await printDone(context, { method: 'POST', path: '/v1/drain', event: 'draining', text });
  },
});
