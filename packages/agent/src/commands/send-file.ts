/** send-file: sends one file to the server, resuming what an earlier attempt left there. */
import { setting, text } from '@sealane/node/config';
import { defineCommand } from '@sealane/node/cli';
import { checkedFileName, defaultFileName, sendFile } from '@sealane/node/files';
import { connectionSettings } from './connection-settings.ts';
import { transferFile } from './file-transfer.ts';

export const sendFileCommand = defineCommand({
  name: 'send-file',
  summary: 'Send a file to the server; after an interruption, start it again to resume.',
  arguments: [{ name: 'path', help: 'The file.' }],
  settings: {
    ...connectionSettings,
    name: setting(text({ placeholder: '<name>' }), {
      help: 'Name of the file at the server.',
      defaultHelp: 'the last part of the path',
    }),
  },
  examples: ['send-file ./report.pdf', 'send-file ./.profile --name profile'],
  async run(context) {
    const [path = ''] = context.arguments;
    // A name that cannot travel is told before anything is connected.
    const name = checkedFileName(context.settings.name ?? defaultFileName(path));
    await transferFile(context, {
      name,
      event: 'sent',
      run: (channel, options) => sendFile(channel, { path, name, ...options }),
    });
  },
});
