/** ChatContext: what the commands of a chat work with. */
import type { ChatClock } from './chat-clock.ts';
import type { ChatConversation, ChatMessage, ChatModel } from './chat-model.ts';
import type { ChatRecord } from './chat-record.ts';
import type { ChatView } from './chat-view.ts';
import type { Tone } from './entry.ts';
import type { Transfers } from './transfers.ts';

/** Messages of one page of history. */
export const PAGE_MESSAGES = 20;

/** The conversation that is open. */
export interface OpenChat {
  readonly conversation: ChatConversation;
  readonly record: ChatRecord;
}

/** The words of the lines above and below some messages. */
export interface Enclosing {
  readonly above: string;
  readonly below: string;
}

export interface ChatContext {
  readonly model: ChatModel;
  readonly view: ChatView;
  readonly clock: ChatClock;
  /** Where relative paths begin. */
  readonly cwd: string;
  readonly transfers: Transfers;
  readonly open: OpenChat | undefined;
  say(tone: Tone, ...lines: readonly string[]): void;
  /** Shows the list of conversations, numbered, as it is now. */
  showChats(): Promise<void>;
  /** Opens a conversation by name, id, or number of the list. */
  openChat(name: string): Promise<void>;
  /** Opens the conversation in which something is unread, or shows the list. */
  openUnread(): Promise<void>;
  /** Messages of another time, between two lines that say so; they are read then. */
  showMessages(record: ChatRecord, messages: readonly ChatMessage[], lines: Enclosing): Promise<void>;
  send(open: OpenChat, message: { readonly text: string; readonly replyTo?: string }): Promise<void>;
  /** Leaves; asks first while files are under way. */
  leave(): Promise<void>;
}
