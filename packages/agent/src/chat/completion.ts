/** Completion: what may stand where the cursor is. Names and paths are asked of whoever knows them. */
import { CHAT_COMMANDS, CHAT_COMMAND_NAMES, type ChatCommandName, type Word } from './chat-command.ts';

/** What completes a text. */
export interface Completion {
  /** Where the word that is completed begins. */
  readonly from: number;
  /** Whole words for that place. */
  readonly words: readonly string[];
}

/** Who knows the words. */
export interface CompletionSource {
  conversations(): Promise<readonly string[]>;
  members(): Promise<readonly string[]>;
  paths(begun: string): Promise<readonly string[]>;
}

const EMOJI = ['👍', '👎', '❤️', '😂', '😮', '😢', '🎉', '🙏', '👀', '✅'];
const TIMES = ['off', '5m', '1h', '1d', '1w'];
const WORDS_MAX = 200;

/** @param before the text up to the cursor. */
export async function complete(before: string, source: CompletionSource): Promise<Completion> {
  const command = /^\/(?<name>\S*)(?<blank>\s+)?(?<rest>.*)$/su.exec(before)?.groups;
  if (command === undefined) return await completeMention(before, source);
  const { name = '', blank, rest = '' } = command;
  if (blank === undefined) return startingWith(name, 1, CHAT_COMMAND_NAMES);
  const row = CHAT_COMMAND_NAMES.includes(name as ChatCommandName) ? CHAT_COMMANDS[name as ChatCommandName] : undefined;
  if (row === undefined) return { from: before.length, words: [] };
  const { kind, begun } = wordAt(row.words, rest);
  return startingWith(begun, before.length - begun.length, await wordsOf(kind, begun, source));
}

/** Which word the cursor is in; the last one goes to the end. */
function wordAt(kinds: readonly Word[], rest: string): { readonly kind: Word | undefined; readonly begun: string } {
  let begun = rest;
  for (const [index, kind] of kinds.entries()) {
    const end = /\s+/u.exec(begun);
    if (end === null || index === kinds.length - 1) return { kind, begun };
    begun = begun.slice(end.index + end[0].length);
  }
  return { kind: undefined, begun };
}

async function wordsOf(kind: Word | undefined, begun: string, source: CompletionSource): Promise<readonly string[]> {
  switch (kind) {
    case 'command':
      return CHAT_COMMAND_NAMES;
    case 'conversation':
      return await source.conversations();
    case 'member':
      return [...(await source.members()), 'confirm', 'accept'];
    case 'emoji':
      return EMOJI;
    case 'path':
      return await source.paths(begun);
    case 'confirm':
      return ['confirm', 'accept'];
    case 'time':
      return TIMES;
    case 'message':
    case 'text':
    case undefined:
      return [];
  }
}

/** `@na` in a text. */
async function completeMention(before: string, source: CompletionSource): Promise<Completion> {
  const begun = /(?<=^|\s)@[\w-]*$/u.exec(before)?.[0];
  if (begun === undefined) return { from: before.length, words: [] };
  const members = await source.members();
  return startingWith(
    begun,
    before.length - begun.length,
    members.map((name) => `@${name}`),
  );
}

function startingWith(begun: string, from: number, words: readonly string[]): Completion {
  const lower = begun.toLowerCase();
  return { from, words: words.filter((word) => word.toLowerCase().startsWith(lower)).slice(0, WORDS_MAX) };
}

/** What all words begin with. */
export function commonStart(words: readonly string[]): string {
  const [first = '', ...rest] = words.map((word) => Array.from(word));
  let length = first.length;
  for (const word of rest) {
    const different = Array.from(first).findIndex((character, index) => word[index] !== character);
    length = Math.min(length, different < 0 ? first.length : different);
  }
  return Array.from(first).slice(0, length).join('');
}
