/** What each command of the chat does. */
import { basename, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { escapeText } from '@sealane/shared/bytes';
import { ConfigError } from '@sealane/shared/errors';
import { suggest } from '@sealane/node/config';
import { checkedFileName } from '@sealane/node/files';
import { CHAT_COMMANDS, CHAT_COMMAND_NAMES, parseExpiry, showExpiry, type ChatCommandName } from './chat-command.ts';
import { PAGE_MESSAGES, type ChatContext, type OpenChat } from './chat-context.ts';
import type { ChatTransfer } from './chat-model.ts';
import { GROUP_WORDS, HELP_WORDS, failureWords, helpRows, memberRows, safetyWords } from './chat-words.ts';
import type { MessageEntry } from './entry.ts';
import { isDirectoryPath, pathOf } from './path-words.ts';

/** Messages that a search shows. */
const FOUND_MAX = 30;
/** An emoji of several parts has about this many characters at most. */
const EMOJI_CHARACTERS_MAX = 32;

type Handler = (chat: ChatContext, rest: string) => Promise<void> | void;

/** Runs a command; what fails is thrown. */
export async function handleCommand(chat: ChatContext, name: ChatCommandName, rest: string): Promise<void> {
  await HANDLERS[name](chat, rest);
}

const HANDLERS: Readonly<Record<ChatCommandName, Handler>> = {
  help(chat, rest) {
    const word = rest.replace(/^\//, '').toLowerCase();
    const name = CHAT_COMMAND_NAMES.find((candidate) => candidate === word);
    if (word !== '' && name === undefined) throw unknownCommand(word);
    chat.view.append([{ kind: 'table', rows: helpRows(name) }]);
    if (name === undefined) chat.say('quiet', ...HELP_WORDS);
  },
  chats: (chat) => chat.showChats(),
  async open(chat, rest) {
    if (rest === '') await chat.openUnread();
    else await chat.openChat(rest);
  },
  async members(chat) {
    const members = await chat.model.members(opened(chat).conversation.id);
    if (members.length === 0) chat.say('warning', GROUP_WORDS.removed);
    else chat.view.append([{ kind: 'table', rows: memberRows(members) }]);
  },
  verify,
  async reply(chat, rest) {
    const open = opened(chat);
    const { entry, words } = numbered(open, rest, 'reply');
    if (words === '') throw wrong('reply');
    await chat.send(open, { text: words, replyTo: entry.message.id });
  },
  async react(chat, rest) {
    const { entry, words } = numbered(opened(chat), rest, 'react');
    if (words.length > EMOJI_CHARACTERS_MAX || /\s/u.test(words)) throw wrong('react');
    await chat.model.react(entry.message.id, words);
  },
  async edit(chat, rest) {
    const { entry, words } = numbered(opened(chat), rest, 'edit');
    if (words === '') throw wrong('edit');
    await chat.model.edit(ownMessage(entry, 'edit'), words);
  },
  async delete(chat, rest) {
    const { entry } = numbered(opened(chat), rest, 'delete');
    const id = ownMessage(entry, 'delete');
    if (await chat.view.ask(`Delete #${entry.number} for everybody?`)) await chat.model.delete(id);
  },
  file: sendFile,
  save: saveFile,
  async expire(chat, rest) {
    const { conversation } = opened(chat);
    const seconds = parseExpiry(rest);
    if (seconds === undefined) throw wrong('expire');
    await chat.model.setExpiry(conversation.id, seconds);
    const words = seconds === 0 ? 'does not expire' : `expires after ${showExpiry(seconds)}`;
    chat.say('good', `What you send here ${words} from now on.`);
  },
  async search(chat, rest) {
    const { conversation, record } = opened(chat);
    if (rest === '') throw wrong('search');
    const found = await chat.model.search(conversation.id, rest, FOUND_MAX);
    const which = found.length === FOUND_MAX ? `the last ${found.length}` : String(found.length);
    await chat.showMessages(record, found, {
      above: `${which} with “${escapeText(rest)}”`,
      below: 'end of the search',
    });
  },
  async more(chat) {
    const { conversation, record } = opened(chat);
    const older = await chat.model.messages(conversation.id, { limit: PAGE_MESSAGES, before: record.oldest });
    if (older.length === 0) {
      chat.say('quiet', 'There are no older messages.');
      return;
    }
    await chat.showMessages(record, older, { above: 'older messages', below: 'end of the older messages' });
  },
  retry,
  async rejoin(chat) {
    await chat.model.rejoin(opened(chat).conversation.id);
    chat.say('good', 'Joined again.');
  },
  quit: (chat) => chat.leave(),
};

async function verify(chat: ChatContext, rest: string): Promise<void> {
  const words = rest.split(/\s+/).filter((word) => word !== '');
  const last = words.at(-1)?.toLowerCase();
  const verb = last === 'confirm' || last === 'accept' ? last : undefined;
  const name = words.length > (verb === undefined ? 0 : 1) ? words[0] : undefined;
  const username = name ?? otherOf(opened(chat));
  const shown = escapeText(username);
  if (verb === undefined) {
    chat.say('plain', ...safetyWords(username, await chat.model.safetyNumber(username)));
  } else if (verb === 'confirm') {
    await chat.model.confirmSafetyNumber(username);
    chat.say('good', `${shown} is verified: this identity was compared.`);
  } else if (await chat.view.ask(`Take the identity of ${shown} without comparing? It could be anybody.`)) {
    await chat.model.acceptIdentity(username);
    chat.say('warning', `The identity of ${shown} is accepted, and not verified.`);
  }
}

function otherOf({ conversation }: OpenChat): string {
  if (conversation.username !== undefined) return conversation.username;
  throw new ConfigError('E_USAGE', 'In a group, say whom: /verify USER');
}

/** In the background: a chat goes on while a file is sent. */
async function sendFile(chat: ChatContext, rest: string): Promise<void> {
  const { conversation } = opened(chat);
  if (rest === '') throw wrong('file');
  const path = pathOf(rest, chat.cwd);
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() !== true) throw new ConfigError('E_USAGE', `${JSON.stringify(rest)} is no file`);
  inBackground(chat, basename(path), async (transfer) => {
    await chat.model.sendFile(conversation.id, path, transfer);
  });
}

async function saveFile(chat: ChatContext, rest: string): Promise<void> {
  const { entry, words } = numbered(opened(chat), rest, 'save');
  const { file, id } = entry.message;
  if (file === undefined) throw new ConfigError('E_USAGE', `#${entry.number} is no file`);
  if (words === '') throw wrong('save');
  const typed = pathOf(words, chat.cwd);
  const isDirectory = isDirectoryPath(words) || (await stat(typed).catch(() => undefined))?.isDirectory() === true;
  const path = isDirectory ? join(typed, harmlessName(file.name, entry.number)) : typed;
  inBackground(chat, file.name, async (transfer) => {
    await chat.model.saveFile(id, path, transfer);
    chat.say('good', `Saved ${escapeText(path)}`);
  });
}

/** A peer's name is used only as it is, and only where it is harmless. */
function harmlessName(name: string, number: number): string {
  try {
    return checkedFileName(name);
  } catch {
    throw new ConfigError(
      'E_USAGE',
      `#${number} has a name that cannot be used here: choose one, /save ${number} PATH/NAME`,
    );
  }
}

function inBackground(chat: ChatContext, name: string, work: (transfer: ChatTransfer) => Promise<void>): void {
  chat.transfers.run(name, work).catch((error: unknown) => {
    if (!chat.transfers.isCancelled) chat.say('error', `${escapeText(name)}: ${failureWords(error)}`);
  });
}

async function retry(chat: ChatContext, rest: string): Promise<void> {
  const open = opened(chat);
  const failed = rest === '' ? open.record.failed : [numbered(open, rest, 'retry').entry];
  if (failed.length === 0) chat.say('quiet', 'Nothing here has failed.');
  for (const { message } of failed) await chat.model.retry(message.id);
}

function opened(chat: ChatContext): OpenChat {
  if (chat.open !== undefined) return chat.open;
  throw new ConfigError('E_USAGE', 'No chat is open: /open NAME opens one');
}

/** The message that the first word names, and the words after it. */
function numbered(
  { record }: OpenChat,
  rest: string,
  command: ChatCommandName,
): { readonly entry: MessageEntry; readonly words: string } {
  const { number, words = '' } = /^#?(?<number>\d{1,9})(?:\s+(?<words>.*))?$/su.exec(rest)?.groups ?? {};
  if (number === undefined) throw wrong(command);
  const entry = record.byNumber(Number(number));
  if (entry === undefined) throw new ConfigError('E_USAGE', `There is no message #${number} here`);
  return { entry, words };
}

function ownMessage({ message, number }: MessageEntry, verb: string): string {
  if (message.isOwn && !message.isDeleted) return message.id;
  throw new ConfigError('E_USAGE', `#${number} is not yours to ${verb}`);
}

function wrong(command: ChatCommandName): ConfigError {
  return new ConfigError('E_USAGE', `It is typed like this: ${CHAT_COMMANDS[command].syntax}`);
}

function unknownCommand(word: string): ConfigError {
  const meant = suggest(word, CHAT_COMMAND_NAMES);
  const next = meant === undefined ? '' : `. Did you mean /${meant}?`;
  return new ConfigError('E_USAGE', `There is no command /${word}${next}`);
}
