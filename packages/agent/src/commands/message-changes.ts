/** message edit, delete and react: what is said about a message that is there. */
import { defineCommand } from '@sealane/node/cli';
import { connectionSettings } from './connection-settings.ts';
import { withMessaging } from './messaging-context.ts';

const idArgument = {
  name: 'id',
  help: 'Id of the message: `message send` prints it, `message list --json` too.',
} as const;
const exampleId = '0123456789abcdef0123456789abcdef';

export const editCommand = defineCommand({
  name: 'edit',
  summary: 'Say something else in a message of yours; its readers see that it was edited.',
  arguments: [idArgument, { name: 'text', help: 'What it says from now on.' }],
  settings: connectionSettings,
  examples: [`message edit ${exampleId} "See you at nine"`],
  async run(context) {
    const [id = '', text = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      await messaging.edit(id, text);
      await messaging.flush();
      await context.output.emit({ event: 'edited', id }, `Edited ${id}`);
    });
  },
});

export const deleteCommand = defineCommand({
  name: 'delete',
  summary: 'Take a message of yours back, on every device that obeys.',
  arguments: [idArgument],
  settings: connectionSettings,
  examples: [`message delete ${exampleId}`],
  async run(context) {
    const [id = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      await messaging.delete(id);
      await messaging.flush();
      await context.output.emit({ event: 'deleted', id }, `Deleted ${id}`);
    });
  },
});

export const reactCommand = defineCommand({
  name: 'react',
  summary: 'React to a message with an emoji; without one, take your reaction back.',
  arguments: [idArgument, { name: 'emoji', help: 'The reaction.', optional: true }],
  settings: connectionSettings,
  examples: [`message react ${exampleId} 👍`, `message react ${exampleId}`],
  async run(context) {
    const [id = '', emoji = ''] = context.arguments;
    await withMessaging(context, {}, async (messaging) => {
      await messaging.react(id, emoji);
      await messaging.flush();
      const human = emoji === '' ? `Took the reaction to ${id} back` : `Reacted to ${id}`;
      await context.output.emit({ event: 'reacted', id, emoji }, human);
    });
  },
});
