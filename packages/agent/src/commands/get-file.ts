/** get-file: gets one file from the server, resuming what an earlier attempt left beside the output. */
import { ConfigError } from '@sealane/shared/errors';
import { path, setting } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { checkedFileName, getFile } from '@sealane/node/files';
import { connectionSettings } from './connection-settings.ts';
import { transferFile } from './file-transfer.ts';

export const getFileCommand = defineCommand({
  name: 'get-file',
  summary: 'Get a file from the server; after an interruption, start it again to resume.',
  arguments: [{ name: 'name', help: 'Name of the file at the server.' }],
  settings: {
    ...connectionSettings,
    output: setting(path(), { help: 'Where to write it; what is there is never replaced.' }),
  },
  examples: ['get-file report.pdf --output ./report.pdf'],
  async run(context) {
    const [wanted = ''] = context.arguments;
    const { output } = context.settings;
    if (output === undefined) throw new ConfigError('E_USAGE', 'get-file needs --output PATH');
    const name = checkedFileName(wanted);
    await transferFile(context, {
      name,
      event: 'received',
      run: (channel, options) => getFile(channel, { name, output, ...options }),
    });
  },
});
