/** The longer words of the chat: what it says when something happened, each in one place and in plain language. */
import { escapeText } from '@sealane/shared/bytes';
import { SealaneError } from '@sealane/shared/errors';
import { failureOf, showBytes } from '@sealane/node/cli';
import type { ChatClock } from './chat-clock.ts';
import { CHAT_COMMANDS, CHAT_COMMAND_NAMES, showExpiry, type ChatCommandName } from './chat-command.ts';
import type { TableRow, Tone } from './entry.ts';
import type { ChatConversation, ChatEvent, ChatMember, ChatSafetyNumber, ChatTrust } from './chat-model.ts';

/** Digits of a safety number are read in groups of five. */
const DIGITS_IN_GROUP = 5;
const GROUPS_IN_LINE = 4;

/** What went wrong, and what to do. */
export function failureWords(error: unknown): string {
  if (error instanceof SealaneError && error.code === 'E_UNVERIFIED') {
    return `Nothing was sent: ${escapeText(error.message)}. Compare the safety number with /verify; if it matches, /verify confirm.`;
  }
  const { message, next, code } = failureOf(error);
  // What was typed wrong says itself how it is typed.
  if (code === 'E_USAGE') return message;
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  // A flag of the command line is of no use here.
  return /(^|\s)--\w/.test(next) ? `${sentence} (${code})` : `${sentence} ${next} (${code})`;
}

const TRUST_WORDS: Readonly<Record<ChatTrust, string>> = {
  verified: 'verified',
  unverified: 'not verified: /verify',
  changed: 'IDENTITY CHANGED: /verify',
};

/** `alice (offline) +3> `: where one is, and how many messages are unread elsewhere. */
export function promptWords(
  open: ChatConversation | undefined,
  { isConnected, unreadBeside }: { readonly isConnected: boolean; readonly unreadBeside: number },
): string {
  const name = open === undefined ? 'chats' : escapeText(open.name);
  return `${name}${isConnected ? '' : ' (offline)'}${unreadBeside > 0 ? ` +${unreadBeside}` : ''}> `;
}

/** What has to be known of a chat that is opened; as a warning where somebody may be another one. */
export function headingWords(
  { kind, expiresAfterSeconds }: ChatConversation,
  members: readonly ChatMember[],
): { readonly text: string; readonly tone: Tone } {
  const others = members.filter(({ isOwn }) => !isOwn);
  const about =
    kind === 'direct'
      ? others.map(({ trust }) => TRUST_WORDS[trust])
      : members.length === 0
        ? ['you are not a member any more']
        : [`${members.length} member${members.length === 1 ? '' : 's'}: /members`, ...trustOfGroup(others)];
  const expiry = expiresAfterSeconds > 0 ? [`messages expire after ${showExpiry(expiresAfterSeconds)}`] : [];
  const isChanged = others.some(({ trust }) => trust === 'changed');
  return { text: [...about, ...expiry].join(' · '), tone: isChanged ? 'warning' : 'quiet' };
}

function trustOfGroup(others: readonly ChatMember[]): readonly string[] {
  const changed = others.filter(({ trust }) => trust === 'changed').map(({ username }) => escapeText(username));
  return changed.length === 0 ? [] : [`IDENTITY CHANGED: ${changed.join(', ')}`];
}

/** One row each, with the number by which it is opened. */
export function chatRows(conversations: readonly ChatConversation[], clock: ChatClock): readonly TableRow[] {
  return conversations.map(({ name, kind, unread, lastAt, lastText }, index) => {
    const when = lastAt > 0 ? [whenWords(lastAt, clock)] : [];
    const waiting = unread > 0 ? [`${unread} unread`] : [];
    const parts = [...waiting, ...when, ...(lastText === '' ? [] : [escapeText(lastText)])];
    return [`${index + 1}  ${escapeText(name)}${kind === 'group' ? ' (group)' : ''}`, parts.join(' · ')];
  });
}

/** The time, and before today the day. */
function whenWords(at: number, { timeOf, dayOf, now }: ChatClock): string {
  return dayOf(at) === dayOf(now()) ? timeOf(at) : dayOf(at);
}

/** What is told when the chat ends before all is sent. */
export function unsentWords(count: number): string {
  const what = count === 1 ? '1 message is' : `${count} messages are`;
  return `${what} not sent yet, and kept: sent as soon as this device is connected again, by "chat" or "message list".`;
}

/** One row each. */
export function memberRows(members: readonly ChatMember[]): readonly TableRow[] {
  return members.map(({ username, isOwn, trust, devices }) => {
    const names = devices.map(
      ({ id, name, state }) => escapeText(name || id) + (state === 'listed' ? '' : ` (${state})`),
    );
    const shownTrust = isOwn ? 'you' : TRUST_WORDS[trust].replace(/: \/verify$/, '');
    return [escapeText(username), `${shownTrust} · ${names.length === 0 ? 'no devices' : names.join(', ')}`];
  });
}

/** The number in groups, and what to do with it. */
export function safetyWords(username: string, { digits, trust }: ChatSafetyNumber): readonly string[] {
  const groups = digits.match(new RegExp(`.{1,${DIGITS_IN_GROUP}}`, 'g')) ?? [];
  const lines: string[] = [];
  for (let index = 0; index < groups.length; index += GROUPS_IN_LINE) {
    lines.push(`    ${groups.slice(index, index + GROUPS_IN_LINE).join(' ')}`);
  }
  const name = escapeText(username);
  const next =
    trust === 'verified'
      ? `${name} is verified.`
      : `Compare it with ${name} by telephone or face to face. If all digits are the same: /verify ${name} confirm`;
  const warning =
    trust === 'changed'
      ? [
          `The identity of ${name} is another one than the one you accepted before. Without comparing, it could be anybody.`,
        ]
      : [];
  return [...warning, `Safety number of you and ${name}:`, ...lines, next];
}

/** All commands, or one. */
export function helpRows(name?: ChatCommandName): readonly TableRow[] {
  const names = name === undefined ? CHAT_COMMAND_NAMES : [name];
  return names.map((each) => [CHAT_COMMANDS[each].syntax, CHAT_COMMANDS[each].help]);
}

export const HELP_WORDS = [
  'Anything else is sent. N is the number behind #. Tab completes, and /q is enough for /quit. A \\ at the end of a line, or Alt-Enter, goes on in another line; // sends a text that begins with /.',
  'Ctrl-C clears the line, on an empty one it leaves; Ctrl-D leaves; up and down bring back what you wrote.',
] as const;

/** What somebody has to know of another account. */
export function contactWords({ username, change }: Extract<ChatEvent, { type: 'contact-changed' }>): string {
  const name = escapeText(username);
  switch (change) {
    case 'identity':
      return `The identity of ${name} changed. Nobody but ${name} can say why: compare the safety number with /verify ${name} before you go on.`;
    case 'devices':
      return `${name} has a new device, or removed one: /members shows which.`;
    case 'profile':
      return `${name} has another display name.`;
  }
}

export const GROUP_WORDS = {
  healing: 'This chat does not fit together with the others any more; it is being repaired. Messages wait until then.',
  healed: 'The chat is repaired.',
  asking:
    'This chat cannot be repaired without you: nobody whom you verified vouches for the state that the server offers. If the others say that all is well with them: /rejoin',
  removed: 'You are not a member of this group any more: you cannot read or write here.',
} as const;

/** `report.pdf: 45 % of 1.2 MiB`. */
export function transferWords(name: string, doneBytes: number, totalBytes: number): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
  return `${escapeText(name)}: ${percent} % of ${showBytes(totalBytes)}`;
}
