/** `backup`: a copy of a running server. `restore`: a server from such a copy. */
import { resolve } from 'node:path';
import { defineCommand } from '@sealane/node/cli';
import { explained } from '@sealane/node/config';
import { lockHolder } from '@sealane/node/keys';
import { ConfigError } from '@sealane/shared/errors';
import { restore as restoreFiles } from '../server/index.ts';
import { printDone } from './admin-output.ts';
import { dataDirectorySettings } from './settings.ts';

export const backup = defineCommand({
  name: 'backup',
  summary: 'Copy keys, agents and events of the running server into a new directory.',
  settings: dataDirectorySettings,
  arguments: [{ name: 'path', help: 'Directory that is not there yet.' }],
  examples: ['backup ./backup-monday'],
  async run(context) {
    const path = resolve(context.cwd, context.arguments[0] ?? '');
    const text = (): string => `Copied to ${path}. Whoever has it is the server: keep it private.`;
    await printDone(context, { method: 'POST', path: '/v1/backup', body: { path }, event: 'backup', text });
  },
});

export const restore = defineCommand({
  name: 'restore',
  summary: 'Make a data directory from a backup; no server may run on it.',
  settings: dataDirectorySettings,
  arguments: [{ name: 'path', help: 'The backup.' }],
  examples: ['restore ./backup-monday --data-dir ./server'],
  async run({ settings: { dataDir }, arguments: [given = ''], cwd, output }) {
    const holder = lockHolder(dataDir);
    if (holder !== undefined) {
      const error = new ConfigError('E_DATA_IN_USE', `The data directory ${dataDir} is in use by process ${holder}`);
      throw explained(error, { next: 'End that server first: sealane-server drain' });
    }
    const path = resolve(cwd, given);
    restoreFiles(path, dataDir);
    const next = 'Agents that are ahead of it get what waits again.';
    await output.emit({ event: 'restored', path, dataDirectory: dataDir }, `Restored ${dataDir} from ${path}. ${next}`);
  },
});
