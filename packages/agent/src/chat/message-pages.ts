/**
 * MessagePages: messages as they are put into the record, by pages and one by one, with a line wherever a day begins. What shows
 * messages takes its turn here, so that a message that comes while a page is read stands where it belongs, and once.
 */
import { escapeText } from '@sealane/shared/bytes';
import type { ChatClock } from './chat-clock.ts';
import { PAGE_MESSAGES, type OpenChat } from './chat-context.ts';
import type { ChatMessage, ChatModel } from './chat-model.ts';
import type { ChatRecord } from './chat-record.ts';
import type { ChatView } from './chat-view.ts';
import { headingWords } from './chat-words.ts';
import type { Entry } from './entry.ts';

/** More unread ones than this are read with /more. */
const UNREAD_SHOWN_MAX = 200;
/** Messages before the unread ones, to know what was spoken of. */
const READ_SHOWN_MIN = 5;

interface MessagePagesOptions {
  readonly model: ChatModel;
  readonly view: ChatView;
  readonly clock: ChatClock;
}

export class MessagePages {
  readonly #model: ChatModel;
  readonly #view: ChatView;
  readonly #clock: ChatClock;
  #day = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ model, view, clock }: MessagePagesOptions) {
    this.#model = model;
    this.#view = view;
    this.#clock = clock;
  }

  /** Does something that shows messages after what was begun before. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** The heading and the latest page of a conversation, with a line above what is unread. In turn. */
  async showOpened({ conversation, record }: OpenChat): Promise<void> {
    const { id, unread } = conversation;
    const limit = Math.min(Math.max(PAGE_MESSAGES, unread + READ_SHOWN_MIN), UNREAD_SHOWN_MAX);
    const [messages, members] = await Promise.all([this.#model.messages(id, { limit }), this.#model.members(id)]);
    this.#day = '';
    record.oldest = Number.POSITIVE_INFINITY;
    const heading = `Chat with ${escapeText(conversation.name)}`;
    this.#view.append([
      { kind: 'rule', text: heading },
      { kind: 'notice', ...headingWords(conversation, members) },
    ]);
    const hidden = unread - messages.filter(isUnread).length;
    if (hidden > 0) this.#notice(`${hidden} older ones are unread, too: /more shows them.`);
    if (messages.length === 0) this.#notice('Nothing was written here yet.');
    await this.show(record, messages, messages.find(isUnread)?.id);
    await this.markRead(messages);
  }

  /** Messages at the end of the record. In turn. @param unreadFrom the first one below the line of the unread. */
  async show(record: ChatRecord, messages: readonly ChatMessage[], unreadFrom?: string): Promise<void> {
    const entries: Entry[] = [];
    for (const [index, message] of messages.entries()) {
      const day = this.#clock.dayOf(message.at);
      if (day !== this.#day) entries.push({ kind: 'rule', text: day });
      this.#day = day;
      if (message.id === unreadFrom) {
        entries.push({ kind: 'rule', text: `${messages.slice(index).filter(isUnread).length} unread` });
      }
      entries.push(record.take(message, await this.#answered(record, message)));
    }
    this.#view.append(entries);
  }

  /** Tells that messages were shown. */
  async markRead(messages: readonly ChatMessage[]): Promise<void> {
    const last = messages.findLast(isUnread);
    if (last !== undefined) await this.#model.markRead(last.conversation, last.order);
  }

  async #answered(record: ChatRecord, { replyTo }: ChatMessage): Promise<ChatMessage | undefined> {
    if (replyTo === null || record.byId(replyTo) !== undefined) return undefined;
    return await this.#model.message(replyTo);
  }

  #notice(text: string): void {
    this.#view.append([{ kind: 'notice', tone: 'quiet', text }]);
  }
}

function isUnread({ isOwn, isRead }: ChatMessage): boolean {
  return !isOwn && !isRead;
}
