/** What can be typed: the commands that begin with a slash, and how a text is told from one. Doing them is command-handlers.ts. */
import { suggest } from '@sealane/node/config';

/** What a word of a command is: how it is completed. */
export type Word = 'command' | 'conversation' | 'member' | 'message' | 'emoji' | 'path' | 'time' | 'confirm' | 'text';

interface CommandRow {
  readonly syntax: string;
  readonly help: string;
  /** What its words are, in order; the last one goes to the end of the text. */
  readonly words: readonly Word[];
}

export const CHAT_COMMANDS = {
  help: { syntax: '/help [COMMAND]', help: 'what can be typed', words: ['command'] },
  chats: { syntax: '/chats', help: 'your chats, with what is unread', words: [] },
  open: {
    syntax: '/open [NAME]',
    help: 'open a chat: a user, a group, a number of /chats; alone, the next with something unread',
    words: ['conversation'],
  },
  members: { syntax: '/members', help: 'who reads here, with which devices', words: [] },
  verify: {
    syntax: '/verify [USER] [confirm|accept]',
    help: 'show a safety number; confirm says that you compared it, accept takes a changed identity unseen',
    words: ['member', 'confirm'],
  },
  reply: { syntax: '/reply N TEXT', help: 'answer message N', words: ['message', 'text'] },
  react: {
    syntax: '/react N [EMOJI]',
    help: 'react to message N; without an emoji, take it back',
    words: ['message', 'emoji'],
  },
  edit: { syntax: '/edit N TEXT', help: 'write your message N anew', words: ['message', 'text'] },
  delete: { syntax: '/delete N', help: 'delete your message N for everybody', words: ['message'] },
  file: { syntax: '/file PATH', help: 'send a file', words: ['path'] },
  save: { syntax: '/save N PATH', help: 'save the file of message N', words: ['message', 'path'] },
  expire: { syntax: '/expire TIME', help: 'life of what you send here: 30s, 5m, 2h, 7d, 4w, or off', words: ['time'] },
  search: { syntax: '/search WORDS', help: 'messages of this chat that have all the words', words: ['text'] },
  more: { syntax: '/more', help: 'older messages', words: [] },
  retry: { syntax: '/retry [N]', help: 'send what failed again', words: ['message'] },
  rejoin: { syntax: '/rejoin', help: 'join this chat again, where it cannot be repaired without you', words: [] },
  quit: { syntax: '/quit', help: 'leave; what is not sent yet is sent later', words: [] },
} as const satisfies Readonly<Record<string, CommandRow>>;

export type ChatCommandName = keyof typeof CHAT_COMMANDS;

export const CHAT_COMMAND_NAMES = Object.keys(CHAT_COMMANDS) as ChatCommandName[];

/** What was typed. */
export type Typed =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly name: ChatCommandName; readonly rest: string }
  | { readonly kind: 'unknown'; readonly word: string; readonly meant: string | undefined };

/** Tells a command from a text; a text that is to begin with a slash begins with two. */
export function parseTyped(input: string): Typed {
  const text = input.trimEnd();
  if (text.trim() === '') return { kind: 'nothing' };
  if (text.startsWith('//')) return { kind: 'text', text: text.slice(1) };
  const command = /^\/(?<word>\S*)\s*(?<rest>.*)$/su.exec(text);
  if (command === null) return { kind: 'text', text };
  const { word = '', rest = '' } = command.groups ?? {};
  const name = commandNamed(word);
  if (name !== undefined) return { kind: 'command', name, rest };
  return { kind: 'unknown', word, meant: suggest(word, CHAT_COMMAND_NAMES) };
}

/** The command of this name, or the only one that begins like it. */
function commandNamed(word: string): ChatCommandName | undefined {
  const begun = CHAT_COMMAND_NAMES.filter((name) => word !== '' && name.startsWith(word.toLowerCase()));
  return begun.find((name) => name === word.toLowerCase()) ?? (begun.length === 1 ? begun[0] : undefined);
}

const TIME_UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
const EXPIRY_SECONDS_MAX = 366 * 86_400;

/** @returns seconds, 0 for ever; `undefined` for what is no time. */
export function parseExpiry(text: string): number | undefined {
  if (/^(off|0|never)$/i.test(text)) return 0;
  const { count, unit } = /^(?<count>\d{1,9})\s*(?<unit>[smhdw])$/i.exec(text)?.groups ?? {};
  if (count === undefined || unit === undefined) return undefined;
  const seconds = Number(count) * (TIME_UNITS[unit.toLowerCase()] ?? 1);
  return seconds > 0 && seconds <= EXPIRY_SECONDS_MAX ? seconds : undefined;
}

/** `2 h`, `7 d`: the largest unit that fits without a rest. */
export function showExpiry(seconds: number): string {
  const units = Object.entries(TIME_UNITS).reverse();
  const [unit, size] = units.find(([, unitSeconds]) => seconds % unitSeconds === 0) ?? ['s', 1];
  return `${seconds / size} ${unit}`;
}
