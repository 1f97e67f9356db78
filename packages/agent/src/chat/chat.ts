/**
 * Chat: what happens between a model of messaging and a view. It opens conversations and hands what is typed to the commands
 * (command-handlers.ts), what comes to incoming.ts. It draws nothing and knows no terminal.
 */
import { escapeText } from '@sealane/shared/bytes';
import type { ChatClock } from './chat-clock.ts';
import { parseTyped } from './chat-command.ts';
import type { ChatContext, Enclosing, OpenChat } from './chat-context.ts';
import type { ChatMessage, ChatModel } from './chat-model.ts';
import { ChatRecord } from './chat-record.ts';
import type { ChatInput, ChatView } from './chat-view.ts';
import { chatRows, failureWords, promptWords, unsentWords } from './chat-words.ts';
import { handleCommand } from './command-handlers.ts';
import { complete, type Completion } from './completion.ts';
import { completionSource } from './completion-source.ts';
import { ConversationList } from './conversation-list.ts';
import type { Entry, Tone } from './entry.ts';
import { Incoming } from './incoming.ts';
import { MessagePages } from './message-pages.ts';
import { Presence } from './presence.ts';
import { Transfers } from './transfers.ts';

/** A longer input was hardly typed. */
const LINES_UNASKED_MAX = 20;

/** What takes longer is told to be under way. */
const BUSY_MS = 1_000;
/** What is being written is on this device after so long a pause. */
const DRAFT_MS = 2_000;
/** What somebody wrote for others, commands with a text included: it must not get lost. */
const OWN_WORDS = /^(?!\/)|^\/(?:\/|(?:reply|edit)\s+\S+\s+\S)/iu;

export interface ChatOptions {
  readonly model: ChatModel;
  readonly view: ChatView;
  readonly clock: ChatClock;
  /** Where relative paths begin. */
  readonly cwd: string;
}

export class Chat implements ChatInput, ChatContext {
  readonly model: ChatModel;
  readonly view: ChatView;
  readonly clock: ChatClock;
  readonly cwd: string;
  readonly transfers: Transfers;
  readonly #list: ConversationList;
  readonly #records = new Map<string, ChatRecord>();
  readonly #presence: Presence;
  readonly #pages: MessagePages;
  readonly #incoming: Incoming;
  readonly #ended = Promise.withResolvers<undefined>();
  #open: OpenChat | undefined;
  #isConnected: boolean;
  #stopListening: () => void = () => undefined;
  #stopDraft: () => void = () => undefined;
  /** What was typed is done one after the other. */
  #turn: Promise<void> = Promise.resolve();
  #isLeaving = false;
  #isBusy = false;

  constructor({ model, view, clock, cwd }: ChatOptions) {
    this.model = model;
    this.view = view;
    this.clock = clock;
    this.cwd = cwd;
    this.#list = new ConversationList(model);
    this.#isConnected = model.isConnected;
    const showStatus = (): void => this.#showStatus();
    this.#presence = new Presence(model, clock, showStatus);
    this.transfers = new Transfers(showStatus);
    this.#pages = new MessagePages({ model, view, clock });
    this.#incoming = new Incoming({
      chat: this,
      list: this.#list,
      pages: this.#pages,
      presence: this.#presence,
      records: this.#records,
      refresh: () => this.#refresh(),
      onConnection: (isConnected) => {
        this.#isConnected = isConnected;
        this.#showStatus();
      },
    });
  }

  /** Resolves when the person leaves. */
  get whenEnded(): Promise<undefined> {
    return this.#ended.promise;
  }

  get open(): OpenChat | undefined {
    return this.#open;
  }

  /** Shows a conversation, or the list of them. */
  async start(name: string | undefined): Promise<void> {
    this.#stopListening = this.model.listen((event) => void this.#guard(() => this.#incoming.take(event)));
    await this.#guard(() => this.#refresh());
    this.#turn = this.#busily(() => (name === undefined ? this.showChats() : this.openChat(name)), undefined);
    await this.#turn;
  }

  /** Ends what is under way and keeps what is being written. */
  async stop(): Promise<void> {
    this.#stopListening();
    this.#presence.stop();
    this.transfers.cancel();
    this.#stopDraft();
    await this.#guard(() => this.#keepDraft());
    const unsent = [...this.#records.values()].reduce((sum, { sending }) => sum + sending, 0);
    if (unsent > 0) this.say('warning', unsentWords(unsent));
  }

  submit(text: string): void {
    this.#presence.written('', this.#open?.conversation.id);
    const isWriting = OWN_WORDS.test(text);
    this.#turn = this.#turn.then(() => this.#busily(() => this.#handle(text), isWriting ? text : undefined));
  }

  inputChanged(text: string): void {
    this.#stopDraft();
    this.#stopDraft = this.clock.after(DRAFT_MS, () => void this.#guard(() => this.#keepDraft()));
    this.#presence.written(text, this.#open?.conversation.id);
  }

  complete(before: string): Promise<Completion> {
    const nothing: Completion = { from: before.length, words: [] };
    return complete(before, completionSource(this, this.#list)).catch(() => nothing);
  }

  interrupt(): void {
    void this.#guard(() => this.leave());
  }

  end(): void {
    this.#ended.resolve(undefined);
  }

  async leave(): Promise<void> {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    const { count } = this.transfers;
    const isSure = count === 0 || (await this.view.ask(`${count} file${count === 1 ? '' : 's'} under way. Leave?`));
    this.#isLeaving = false;
    if (isSure) this.end();
  }

  say(tone: Tone, ...lines: readonly string[]): void {
    this.view.append(lines.map((text): Entry => ({ kind: 'notice', tone, text })));
  }

  async openChat(name: string): Promise<void> {
    const conversation = await this.model.open(this.#list.nameOf(name)).catch((error: unknown) => {
      const meant = this.#list.nearest(name);
      if (meant !== undefined) this.say('warning', `Did you mean /open ${escapeText(meant)}?`);
      throw error;
    });
    await this.#keepDraft();
    const record = this.#records.get(conversation.id) ?? new ChatRecord();
    const open = { conversation, record };
    await this.#pages.inTurn(async () => {
      this.#records.set(conversation.id, record);
      this.#list.opened(conversation.id);
      this.#open = open;
      await this.#pages.showOpened(open);
    });
    this.view.setInput(conversation.draft);
    await this.#refresh();
  }

  async openUnread(): Promise<void> {
    await this.#refresh();
    const next = this.#list.all.find(({ id, unread }) => unread > 0 && id !== this.#open?.conversation.id);
    await (next === undefined ? this.showChats() : this.openChat(next.id));
  }

  async showChats(): Promise<void> {
    await this.#refresh();
    const listed = this.#list.list();
    if (listed.length === 0) {
      this.say('plain', 'You have no chats yet. /open USER begins one; /help shows what else can be typed.');
      return;
    }
    this.view.append([{ kind: 'table', rows: chatRows(listed, this.clock) }]);
    this.say('quiet', 'Open one with /open and its number or name. /help shows what else can be typed.');
  }

  showMessages(record: ChatRecord, messages: readonly ChatMessage[], { above, below }: Enclosing): Promise<void> {
    return this.#pages.inTurn(async () => {
      this.view.append([{ kind: 'rule', text: above }]);
      await this.#pages.show(record, messages);
      this.view.append([{ kind: 'rule', text: below }]);
      await this.#pages.markRead(messages);
    });
  }

  async send(
    { conversation, record }: OpenChat,
    message: { readonly text: string; readonly replyTo?: string },
  ): Promise<void> {
    const sent = await this.model.send(conversation.id, message);
    await this.#pages.inTurn(async () => {
      if (record.byId(sent.id) === undefined) await this.#pages.show(record, [sent]);
    });
    if (conversation.draft !== '') await this.model.setDraft(conversation.id, '');
  }

  async #handle(text: string): Promise<void> {
    const typed = parseTyped(text);
    switch (typed.kind) {
      case 'nothing':
        return;
      case 'command': {
        await handleCommand(this, typed.name, typed.rest);
        return;
      }
      case 'unknown': {
        const meant = typed.meant === undefined ? '/help shows what there is.' : `Did you mean /${typed.meant}?`;
        this.say('warning', `There is no command /${escapeText(typed.word)}. ${meant}`);
        return;
      }
      case 'text':
        await this.#sendText(typed.text);
    }
  }

  async #sendText(text: string): Promise<void> {
    if (this.#open === undefined) {
      if (/^\d+$/.test(text.trim())) {
        await this.openChat(text.trim());
        return;
      }
      this.say('warning', 'No chat is open, nothing was sent. Open one first: /open NAME.');
      this.#giveBack(text);
      return;
    }
    const lines = text.split('\n').length;
    if (lines > LINES_UNASKED_MAX && !(await this.view.ask(`Send these ${lines} lines as one message?`))) {
      this.#giveBack(text);
      return;
    }
    await this.send(this.#open, { text });
  }

  async #refresh(): Promise<void> {
    await this.#list.refresh();
    const fresh = this.#list.byId(this.#open?.conversation.id);
    if (this.#open !== undefined && fresh !== undefined) this.#open = { ...this.#open, conversation: fresh };
    this.#showStatus();
  }

  #showStatus(): void {
    const open = this.#open?.conversation;
    const typing = open === undefined ? [] : this.#presence.words(open.id);
    const busy = this.#isBusy ? ['working on it …'] : [];
    this.view.setStatus({
      prompt: promptWords(open, { isConnected: this.#isConnected, unreadBeside: this.#list.unreadBeside(open?.id) }),
      isConnected: this.#isConnected,
      activity: [...typing, ...this.transfers.words, ...busy],
    });
  }

  /** Where the view knows what is being written, that is what is there when the conversation is opened again. */
  async #keepDraft(): Promise<void> {
    const { input } = this.view;
    if (this.#open === undefined || input === undefined) return;
    const { id, draft } = this.#open.conversation;
    if (input !== draft) await this.model.setDraft(id, input);
  }

  /** What could not be sent is there to be sent again. */
  #giveBack(text: string): void {
    if (this.view.input === undefined || this.view.input === '') this.view.setInput(text);
  }

  /** Says so while what was typed takes long. */
  async #busily(work: () => Promise<void>, typed: string | undefined): Promise<void> {
    const stop = this.clock.after(BUSY_MS, () => this.#showBusy(true));
    await this.#guard(work, typed);
    stop();
    this.#showBusy(false);
  }

  #showBusy(isBusy: boolean): void {
    if (this.#isBusy === isBusy) return;
    this.#isBusy = isBusy;
    this.#showStatus();
  }

  /** Nothing that fails ends the chat. @param typed what is given back then. */
  async #guard(work: () => Promise<void> | void, typed?: string): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.say('error', failureWords(error));
      if (typed !== undefined) this.#giveBack(typed);
    }
  }
}
