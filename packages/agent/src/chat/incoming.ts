/** Incoming: what the chat does about everything that happens without having been asked for. */
import { escapeText } from '@sealane/shared/bytes';
import { changeNotices } from './change-notices.ts';
import type { ChatContext } from './chat-context.ts';
import type { ChatEvent, ChatMessage } from './chat-model.ts';
import type { ChatRecord } from './chat-record.ts';
import { GROUP_WORDS, contactWords, failureWords } from './chat-words.ts';
import type { ConversationList } from './conversation-list.ts';
import type { MessagePages } from './message-pages.ts';
import type { Presence } from './presence.ts';

interface IncomingOptions {
  readonly chat: ChatContext;
  readonly list: ConversationList;
  readonly pages: MessagePages;
  readonly presence: Presence;
  /** Of every conversation that was open in this session. */
  readonly records: ReadonlyMap<string, ChatRecord>;
  /** Reads the list of conversations anew and shows what it means. */
  readonly refresh: () => Promise<void>;
  readonly onConnection: (isConnected: boolean) => void;
}

export class Incoming {
  readonly #options: IncomingOptions;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  async take(event: ChatEvent): Promise<void> {
    const { chat, pages, presence, records, refresh, onConnection } = this.#options;
    switch (event.type) {
      case 'message':
        await pages.inTurn(() => this.#takeMessage(event.message));
        return;
      case 'message-changed':
        await pages.inTurn(() => this.#takeChange(event.message));
        return;
      case 'message-gone':
        await pages.inTurn(async () => {
          const shown = records.get(event.conversation)?.byId(event.id)?.message;
          if (shown !== undefined) await this.#takeChange({ ...shown, body: '', reactions: {}, isDeleted: true });
        });
        return;
      case 'typing':
        presence.took(event);
        return;
      case 'conversation-changed':
        await refresh();
        return;
      case 'contact-changed':
        if (event.change !== 'profile') chat.say('warning', contactWords(event));
        return;
      case 'account-changed':
        chat.say('warning', 'Your account was changed by another of your devices: see the command "device list".');
        return;
      case 'group-state':
        if (this.#isOpen(`#${event.group}`)) chat.say('warning', GROUP_WORDS[event.state]);
        return;
      case 'connection':
        onConnection(event.isConnected);
        if (event.isConnected && event.detail !== undefined) chat.say('quiet', escapeText(event.detail));
        return;
      case 'trouble':
        chat.say('error', failureWords(event.error));
    }
  }

  async #takeMessage(message: ChatMessage): Promise<void> {
    const { pages, presence, records } = this.#options;
    const { conversation } = message;
    presence.took({ conversation, username: message.from.user, isTyping: false });
    const record = records.get(conversation);
    if (record?.byId(message.id) !== undefined) {
      await this.#takeChange(message);
      return;
    }
    if (record === undefined || !this.#isOpen(conversation)) {
      await this.#tellElsewhere(message);
      return;
    }
    await pages.show(record, [message]);
    await pages.markRead([message]);
  }

  /** One line for each other conversation, until it is opened. */
  async #tellElsewhere({ conversation, from, isOwn }: ChatMessage): Promise<void> {
    const { chat, list, refresh } = this.#options;
    await refresh();
    if (isOwn || !list.tell(conversation)) return;
    const { name = conversation, kind } = list.byId(conversation) ?? {};
    const where = kind === 'group' ? ` in ${escapeText(name)}` : '';
    chat.say('quiet', `${escapeText(from.user)} wrote${where}: /open ${escapeText(name)}`);
  }

  #takeChange(message: ChatMessage): Promise<void> {
    const { chat, records } = this.#options;
    const record = records.get(message.conversation);
    const before = record?.byId(message.id);
    if (record === undefined || before === undefined) return Promise.resolve();
    const entry = record.take(message);
    const isSeen = chat.view.change(entry);
    if (this.#isOpen(message.conversation)) chat.view.append(changeNotices(before, entry, isSeen));
    return Promise.resolve();
  }

  #isOpen(conversation: string): boolean {
    return this.#options.chat.open?.conversation.id === conversation;
  }
}
