/** Rows of an entry: width and style in, lines out. All words of peers are made harmless here. */
import { escapeText } from '@sealane/shared/bytes';
import { displayWidth, fitColumns, showBytes, terminalText, wrapColumns } from '@sealane/node/cli';
import type { Format, Paint } from '@sealane/node/log';
import type { ChatMessage } from './chat-model.ts';
import type { Entry, MessageEntry, NoticeEntry, TableEntry, Tone } from './entry.ts';

/** How rows look. */
export interface RowStyle {
  /** Infinite: nothing is wrapped. */
  readonly columns: number;
  readonly paint: Paint;
  /** Without, lines are drawn with dashes: for plain output. */
  readonly hasLines: boolean;
  /** `14:02` of a Unix time in ms. */
  readonly timeOf: (at: number) => string;
}

/** Indent of what belongs to a message, where there is room for it. */
const INDENT = '      ';
const INDENT_NARROW = ' ';
const NARROW_COLUMNS = 40;
const RULE_COLUMNS_MAX = 100;
const QUOTE_COLUMNS_MAX = 72;
const TERM_COLUMNS_MAX = 34;
const TABLE_GAP = '  ';
/** Reactions that are named one by one. */
const REACTIONS_SHOWN_MAX = 8;

/** Colours of names; which one a name has depends on nothing but the name. */
const NAME_FORMATS: readonly Format[] = ['cyan', 'green', 'magenta', 'yellow', 'blue'];

const TONES: Readonly<Record<Tone, Format | undefined>> = {
  plain: undefined,
  quiet: 'dim',
  good: 'green',
  warning: 'yellow',
  error: 'red',
};

/** Rows none of which is wider than the style allows. */
export function entryRows(entry: Entry, style: RowStyle): readonly string[] {
  switch (entry.kind) {
    case 'message':
      return messageRows(entry, style);
    case 'notice':
      return noticeRows(entry, style);
    case 'rule':
      return [ruleRow(entry.text, style)];
    case 'table':
      return tableRows(entry, style);
  }
}

/** "you", or the name, harmless. */
export function shownName({ isOwn, from }: Pick<ChatMessage, 'isOwn' | 'from'>): string {
  // Of what cannot be decrypted yet, nobody knows who wrote it.
  return isOwn ? 'you' : from.user === '' ? 'somebody' : escapeText(from.user);
}

function messageRows(entry: MessageEntry, style: RowStyle): readonly string[] {
  const { message, number } = entry;
  if (message.kind === 'event') return noticeRows(eventNotice(message, style), style);
  const { paint } = style;
  const time = `${style.timeOf(message.at)} #${number} `;
  const name = shownName(message);
  const indent = indentOf(style);
  const prefixColumns = displayWidth(`${time}${name}: `);
  const besides = prefixColumns <= style.columns / 2;
  const { words, format } = wordsOf(message);
  const mark = markOf(message);
  const widths = {
    first: besides ? style.columns - prefixColumns : style.columns - indent.length,
    rest: style.columns - indent.length,
  };
  const body = wrapColumns(words, widths).map((line) => (format === undefined ? line : painted(paint, format, line)));
  const nameFormat = message.isOwn ? 'bold' : formatOfName(message.from.user);
  const prefix = fitPrefix(time, `${name}:`, style, nameFormat);
  const rows = besides
    ? [`${prefix} ${body[0] ?? ''}`, ...body.slice(1).map((line) => indent + line)]
    : [prefix, ...body.map((line) => indent + line)];
  return [...quoteRows(entry, style), ...withMark(rows, mark, style), ...reactionRows(message, style)];
}

/** Who was added and removed: said by the chat, not by anybody. */
function eventNotice({ at, body }: ChatMessage, { timeOf }: RowStyle): NoticeEntry {
  return { kind: 'notice', tone: 'quiet', text: `${timeOf(at)} ${terminalText(body)}` };
}

function fitPrefix(time: string, name: string, { columns, paint }: RowStyle, format: Format): string {
  const room = columns - displayWidth(time);
  return `${painted(paint, 'dim', time)}${paint(format, fitColumns(name, Math.max(2, room)))}`;
}

/** What is read, and whether it is the person's own text. */
function wordsOf(message: ChatMessage): { readonly words: string; readonly format?: Format } {
  if (message.isDeleted) return { words: '(deleted)', format: 'dim' };
  switch (message.state) {
    case 'waiting':
      return { words: '(could not decrypt yet: waiting for what belongs before it)', format: 'yellow' };
    case 'healing':
      return { words: '(could not decrypt yet: this chat is being repaired)', format: 'yellow' };
    case 'lost':
      return {
        words: `(cannot be decrypted: ${LOST_WORDS[message.reason] ?? escapeText(message.reason)})`,
        format: 'red',
      };
    default:
      return { words: message.file === undefined ? textOf(message) : fileWords(message, message.file) };
  }
}

const LOST_WORDS: Readonly<Record<string, string>> = {
  removed: 'this device was not in the group any more',
  'epoch-gone': 'it came too late, its key is gone',
  'given-up': 'what belongs before it never came',
  replayed: 'the server sent it twice',
  forged: 'it was not written by a member',
  malformed: 'it is damaged',
  'too-far-ahead': 'too many messages before it are missing',
  'id-taken': 'its number is that of another message',
  own: 'it is from a copy of this device',
  'unknown-device': 'it is from a device that its account does not list',
};

function textOf({ kind, body }: ChatMessage): string {
  if (kind === 'unknown') return '(a kind of message that this version does not know)';
  return kind === 'call' ? `[${terminalText(body)}]` : terminalText(body);
}

function fileWords({ isOwn }: ChatMessage, { name, sizeBytes }: NonNullable<ChatMessage['file']>): string {
  return `[file] ${escapeText(name)} (${showBytes(sizeBytes)})${isOwn ? '' : ', /save to keep it'}`;
}

/** What stands behind the text: edited, expiring, how far it is. */
function markOf(message: ChatMessage): string {
  const parts: string[] = [];
  if (message.editedAt !== undefined && !message.isDeleted) parts.push('edited');
  if (message.expiresAt !== undefined) parts.push('expires');
  if (message.isOwn) parts.push(message.state === 'failed' ? `failed${reasonOf(message)}, /retry` : message.state);
  return parts.length === 0 ? '' : `(${parts.join(', ')})`;
}

function reasonOf({ reason }: ChatMessage): string {
  return reason === '' ? '' : `: ${escapeText(reason)}`;
}

function withMark(rows: readonly string[], mark: string, style: RowStyle): readonly string[] {
  if (mark === '') return rows;
  const format: Format = mark.includes('failed') ? 'red' : 'dim';
  const last = rows.at(-1) ?? '';
  const plainLast = stripFormat(last);
  if (displayWidth(plainLast) + 1 + displayWidth(mark) <= style.columns) {
    return [...rows.slice(0, -1), `${last} ${painted(style.paint, format, mark)}`];
  }
  const indent = indentOf(style);
  const room = style.columns - indent.length;
  const lines = wrapColumns(mark, { first: room, rest: room });
  return [...rows, ...lines.map((line) => indent + painted(style.paint, format, line))];
}

function quoteRows({ message, quoted }: MessageEntry, style: RowStyle): readonly string[] {
  if (message.replyTo === null || message.isDeleted) return [];
  const bar = style.hasLines ? '┌ ' : '> ';
  const which = quoted?.number === undefined ? '' : `#${quoted.number} `;
  const words =
    quoted === undefined ? 'an earlier message' : `${escapeText(quoted.from)}: ${escapeText(firstLine(quoted.text))}`;
  const room = Math.min(QUOTE_COLUMNS_MAX, style.columns - indentOf(style).length - bar.length);
  return [indentOf(style) + painted(style.paint, 'dim', bar + fitColumns(which + words, room))];
}

function firstLine(text: string): string {
  return text.trimStart().split(/[\r\n]/, 1)[0] ?? '';
}

function reactionRows({ reactions, isDeleted }: ChatMessage, style: RowStyle): readonly string[] {
  const all = Object.entries(reactions);
  if (all.length === 0 || isDeleted) return [];
  const named = all
    .slice(0, REACTIONS_SHOWN_MAX)
    .map(([user, emoji]) => `${terminalText(emoji).replaceAll('\n', ' ')} ${escapeText(user)}`);
  const more = all.length > named.length ? `, and ${all.length - named.length} more` : '';
  const room = style.columns - indentOf(style).length;
  const lines = wrapColumns(named.join(', ') + more, { first: room, rest: room });
  return lines.map((line) => indentOf(style) + line);
}

function noticeRows({ tone, text }: NoticeEntry, { columns, paint }: RowStyle): readonly string[] {
  const format = TONES[tone];
  const lines = wrapColumns(text, { first: columns, rest: columns });
  return format === undefined ? lines : lines.map((line) => painted(paint, format, line));
}

/** Two columns; where there is no room for them, and in plain lines, one after the other. */
function tableRows({ rows }: TableEntry, { columns, hasLines }: RowStyle): readonly string[] {
  const termColumns = Math.min(TERM_COLUMNS_MAX, Math.max(...rows.map(([term]) => displayWidth(term))));
  const room = columns - termColumns - TABLE_GAP.length;
  if (!hasLines || room < NARROW_COLUMNS) {
    return rows.flatMap(([term, text]) =>
      wrapColumns(text === '' ? term : `${term}: ${text}`, { first: columns, rest: columns }),
    );
  }
  return rows.flatMap(([term, text]) => {
    const lines = wrapColumns(text, { first: room, rest: room });
    const indent = ' '.repeat(termColumns) + TABLE_GAP;
    const padded =
      fitColumns(term, termColumns) + ' '.repeat(Math.max(0, termColumns - displayWidth(term))) + TABLE_GAP;
    return [(padded + (lines[0] ?? '')).trimEnd(), ...lines.slice(1).map((line) => indent + line)];
  });
}

function ruleRow(text: string, { columns, paint, hasLines }: RowStyle): string {
  const dash = hasLines ? '─' : '-';
  const words = ` ${fitColumns(text, Math.max(2, columns - 6))} `;
  const after = Math.max(2, Math.min(columns, hasLines ? RULE_COLUMNS_MAX : 0) - 2 - displayWidth(words));
  return painted(paint, 'dim', fitColumns(`${dash}${dash}${words}${dash.repeat(after)}`, columns));
}

function indentOf({ columns }: RowStyle): string {
  return columns < NARROW_COLUMNS ? INDENT_NARROW : INDENT;
}

function formatOfName(name: string): Format {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return NAME_FORMATS[hash % NAME_FORMATS.length] ?? 'cyan';
}

function painted(paint: Paint, format: Format, text: string): string {
  return text === '' ? '' : paint(format, text);
}

/** The text without the formats that `painted` put around it. */
function stripFormat(row: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the sequences of `paint`; peers' own ones cannot be here.
  return row.replace(/\u001b\[\d+m/g, '');
}
