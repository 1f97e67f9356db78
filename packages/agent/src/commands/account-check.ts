/** account check: has the server prove what it says of you and of everybody that this device knows. */
import { defineCommand } from '@sealane/node/cli';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';

export const checkCommand = defineCommand({
  name: 'check',
  summary: 'Have the server prove its entries of you and of everybody you know; what was added to them is shown.',
  settings: connectionSettings,
  examples: ['account check', 'account check --json'],
  async run(context) {
    const { output } = context;
    await withMessaging(context, { sync: false }, async (messaging) => {
      for await (const { username, isOwn, statements, added } of messaging.checkDirectory()) {
        const news = added === 0 ? 'nothing new' : `${added} new`;
        const human = `${username}${isOwn ? ' (you)' : ''}: proved, ${statements} statements, ${news}`;
        if (!(await output.emit({ event: 'checked', user: username, own: isOwn, statements, added }, human))) return;
      }
    });
  },
});
