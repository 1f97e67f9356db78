/** message: send texts and files, list, watch, search, and save files. */
import { basename } from 'node:path';
import { ConfigError, SealaneError, TransportError } from '@sealane/shared/errors';
import { durationMs, integer, path, setting, text, toggle } from '@sealane/node/config';
import { defineCommand, type CommandContext, type CommandDefinition } from '@sealane/node/cli';
import { startTransferReport } from '@sealane/node/files';
import {
  checkedUsername,
  directConversation,
  type Message,
  type MessagingClient,
  type TransferOptions,
} from '../messaging/index.ts';
import { connectionSettings } from './connection-settings.ts';
import { conversationOf, messageRecord, shownMessage, withMessaging } from './messaging-context.ts';
import { deleteCommand, editCommand, reactCommand } from './message-changes.ts';
import { MessagePrinter } from './message-printer.ts';

const toSetting = setting(text({ placeholder: '<user>' }), { help: 'The user.' });
const groupSetting = setting(text({ placeholder: '<group>' }), { help: 'The group, by id or name.' });

const sendSettings = {
  ...connectionSettings,
  to: toSetting,
  group: groupSetting,
  file: setting(path(), { help: 'Send this file.' }),
  'reply-to': setting(text({ placeholder: '<id>' }), { help: 'The message that this answers.' }),
  'expires-after': setting(durationMs({ plainUnit: 's', minMs: 1_000, maxMs: 31_536_000_000 }), {
    help: 'Life of the message, from its reading on.',
  }),
};

const send = defineCommand({
  name: 'send',
  summary: 'Send a text or a file, end-to-end encrypted, to a user or a group.',
  arguments: [{ name: 'text', help: 'What to send; with --file what is said to it.', optional: true }],
  settings: sendSettings,
  examples: ['message send --to bob Hello', 'message send --group team --file ./plan.pdf'],
  async run(context) {
    const { settings, output } = context;
    const [words] = context.arguments;
    if (words === undefined && settings.file === undefined)
      throw new ConfigError('E_USAGE', 'Give a text, or --file PATH');
    if (settings.file !== undefined && (settings.replyTo ?? settings.expiresAfter) !== undefined)
      throw new ConfigError('E_USAGE', 'A file goes without --reply-to and --expires-after');
    await withMessaging(context, {}, async (messaging, signal) => {
      const { id, state } = await sendOne(context, messaging, signal);
      await output.emit({ event: 'sent', id, state }, `Sent ${id} (${state})`);
    });
  },
});

async function sendOne(
  context: CommandContext<typeof sendSettings>,
  messaging: MessagingClient,
  signal: AbortSignal,
): Promise<Message> {
  const { settings } = context;
  const [words = ''] = context.arguments;
  const conversation = await conversationOf(messaging, settings, signal);
  const { replyTo, expiresAfter, file } = settings;
  if (file === undefined) {
    const expiresAfterSeconds = expiresAfter === undefined ? undefined : Math.ceil(expiresAfter / 1_000);
    return await messaging.sendAndWait(conversation, { text: words, replyTo, expiresAfterSeconds }, signal);
  }
  return await withProgress(context, basename(file), (options) =>
    messaging.sendFile(conversation, file, { ...options, signal, caption: words }),
  );
}

const listSettings = {
  ...connectionSettings,
  to: toSetting,
  group: groupSetting,
  limit: setting(integer({ min: 1, max: 1_000_000 }), { help: 'So many of the newest.', default: 1_000 }),
  'mark-read': setting(toggle(), { help: 'Tell the senders that they were read.', default: false }),
};

const list = defineCommand({
  name: 'list',
  summary: 'Take what waits, and list messages, the newest last; without the server those that are here.',
  settings: listSettings,
  examples: ['message list', 'message list --to bob --limit 20 --json'],
  async run(context) {
    let failure: SealaneError | undefined;
    try {
      await withMessaging(context, { sync: false }, async (messaging, signal) => {
        try {
          await messaging.sync(signal);
        } catch (error) {
          if (signal.aborted || !(error instanceof SealaneError)) throw error;
          failure = error;
        }
        await printMessages(context, messaging);
        if (failure === undefined && context.settings.markRead) await messaging.sync(signal);
      });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      failure = error;
      await withMessaging(context, { online: false }, (messaging) => printMessages(context, messaging));
    }
    // What is here was listed all the same.
    if (failure !== undefined) throw failure;
  },
});

async function printMessages(context: CommandContext<typeof listSettings>, messaging: MessagingClient): Promise<void> {
  const { settings, output } = context;
  const { to, group, limit, markRead } = settings;
  const isOne = to !== undefined || group !== undefined;
  const conversation = isOne ? await knownConversation(messaging, settings) : undefined;
  const found =
    conversation === undefined ? await messaging.latest(limit) : await messaging.messages(conversation, { limit });
  for (const message of found.filter(({ kind }) => kind !== 'event')) {
    if (!(await output.emit(messageRecord(message), await shownMessage(messaging, message)))) return;
  }
  if (!markRead) return;
  for (const message of found) await messaging.markRead(message.conversation, message.order);
}

const watch = defineCommand({
  name: 'watch',
  summary: 'Print messages as they come.',
  life: 'listener',
  settings: {
    ...connectionSettings,
    count: setting(integer({ min: 1, max: 1_000_000_000 }), { help: 'End after this many.' }),
    'mark-read': setting(toggle(), { help: 'Tell the senders that they were read.', default: false }),
  },
  examples: ['message watch', 'message watch --json --count 10 --timeout 60'],
  async run(context) {
    const { settings, output } = context;
    const { count, markRead } = settings;
    const printer = new MessagePrinter({ output, count, markRead });
    try {
      await withMessaging(context, { sync: false, reconnect: true }, (messaging, signal) =>
        printer.run(messaging, signal),
      );
    } catch (error) {
      if (count !== undefined || !printer.isTimeUp(error)) throw error;
    }
  },
});

const search = defineCommand({
  name: 'search',
  summary: 'Search the messages of this device for words.',
  arguments: [{ name: 'words', help: 'All of them have to be in a message.' }],
  settings: {
    ...connectionSettings,
    to: toSetting,
    group: groupSetting,
    limit: setting(integer({ min: 1, max: 1_000 }), { help: 'So many of the newest.', default: 100 }),
  },
  examples: ['message search "train ticket" --to bob'],
  async run(context) {
    const { settings, output } = context;
    const [words = ''] = context.arguments;
    await withMessaging(context, { online: false }, async (messaging) => {
      const isOne = settings.to !== undefined || settings.group !== undefined;
      const conversation = isOne ? await knownConversation(messaging, settings) : undefined;
      const found = await messaging.search(words, { conversation, limit: settings.limit });
      for (const message of found) await output.emit(messageRecord(message), await shownMessage(messaging, message));
    });
  },
});

const saveSettings = {
  ...connectionSettings,
  output: setting(path(), { help: 'Where to write it; what is there is never replaced.' }),
};

const save = defineCommand({
  name: 'save',
  summary: 'Save the file of a message; after an interruption, start it again to resume.',
  arguments: [{ name: 'id', help: 'Id of the message.' }],
  settings: saveSettings,
  examples: ['message save 0123456789abcdef0123456789abcdef --output ./plan.pdf'],
  async run(context) {
    const { settings, output } = context;
    const [id = ''] = context.arguments;
    const target = settings.output;
    if (target === undefined) throw new ConfigError('E_USAGE', 'message save needs --output PATH');
    await withMessaging(context, {}, async (messaging, signal) => {
      const { sizeBytes } = await withProgress(context, basename(target), (options) =>
        messaging.saveFile(id, target, { ...options, signal }),
      );
      await output.emit(
        { event: 'saved', id, path: target, bytes: sizeBytes },
        `Saved ${sizeBytes} bytes as ${target}`,
      );
    });
  },
});

/** Shows how far a transfer is. */
async function withProgress<Result>(
  { output, globals }: Pick<CommandContext<typeof saveSettings>, 'output' | 'globals'>,
  name: string,
  run: (options: TransferOptions) => Promise<Result>,
): Promise<Result> {
  const report = startTransferReport({ output, progress: globals.progress, name });
  let resumedFrom: number | undefined;
  try {
    return await run({
      onProgress(doneBytes, totalBytes) {
        resumedFrom ??= doneBytes;
        report.onProgress({ doneBytes, totalBytes, resumedFrom });
      },
    });
  } finally {
    await report.stop();
  }
}

/** A conversation that is here already: listing makes none. */
async function knownConversation(
  messaging: MessagingClient,
  { to, group }: { readonly to?: string | undefined; readonly group?: string | undefined },
): Promise<string> {
  if (to !== undefined && group !== undefined)
    throw new ConfigError('E_USAGE', 'Name either --to USER or --group GROUP');
  return group === undefined ? directConversation(checkedUsername(to ?? '')) : await messaging.groupNamed(group);
}

export const messageCommand: CommandDefinition = {
  name: 'message',
  summary: 'Send, list, watch and search messages; edit and delete them, react, save their files.',
  commands: [send, list, watch, search, save, editCommand, deleteCommand, reactCommand],
};
