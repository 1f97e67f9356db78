/** Entry: one thing in the record of a chat, as it was shown. What it looks like is entry-rows.ts. */
import type { ChatMessage } from './chat-model.ts';

export type Tone = 'plain' | 'quiet' | 'good' | 'warning' | 'error';

export interface MessageEntry {
  readonly kind: 'message';
  /** By which commands name it: `/reply 3`. */
  readonly number: number;
  readonly message: ChatMessage;
  /** What it answers, if that is known here. */
  readonly quoted?: { readonly from: string; readonly text: string; readonly number?: number };
}

/** What the chat itself says; peers' words in it are escaped already. */
export interface NoticeEntry {
  readonly kind: 'notice';
  readonly tone: Tone;
  readonly text: string;
}

/** A line across: another day, where the unread ones begin. */
export interface RuleEntry {
  readonly kind: 'rule';
  readonly text: string;
}

/** What the chat lists; peers' words in it are escaped already. */
export interface TableEntry {
  readonly kind: 'table';
  readonly rows: readonly TableRow[];
}

export type TableRow = readonly [term: string, text: string];

export type Entry = MessageEntry | NoticeEntry | RuleEntry | TableEntry;
