/** MemoryChatModel: messaging of one account without a server, for tests of the chat; the test plays everybody else. */
import type {
  ChatConversation,
  ChatEvent,
  ChatMember,
  ChatMessage,
  ChatModel,
  ChatSafetyNumber,
  ChatTransfer,
  ChatTrust,
} from '../../src/chat/chat-model.ts';
import { ProtocolError } from '@sealane/shared/errors';

type Change = { -readonly [Field in keyof ChatMessage]?: ChatMessage[Field] };

/** Thursday, 26 November 2026, 14:00 UTC. */
export const START_AT = Date.UTC(2026, 10, 26, 14);

export class MemoryChatModel implements ChatModel {
  readonly user = 'me';
  isConnected = true;
  /** What was asked of the model, in order. */
  readonly calls: string[] = [];
  /** Thrown by the next call that sends. */
  failure: Error | undefined;
  /** Holds every transfer until it resolves. */
  hold: Promise<unknown> = Promise.resolve();
  now = START_AT;
  readonly trust = new Map<string, ChatTrust>();
  readonly #conversations = new Map<string, ChatConversation>();
  readonly #messages: ChatMessage[] = [];
  readonly #groups = new Map<string, readonly string[]>();
  readonly #listeners = new Set<(event: ChatEvent) => void>();
  readonly #accounts = new Set<string>();

  /** An account that can be written to. */
  account(name: string): void {
    this.#accounts.add(name);
  }

  group(name: string, members: readonly string[]): string {
    const id = `#${Buffer.from(name).toString('hex')}`;
    this.#groups.set(id, members);
    this.#put({ ...this.#fresh(id), kind: 'group', username: undefined, name });
    return id;
  }

  /** Somebody writes. */
  receive(user: string, body: string, fields: Change = {}): ChatMessage {
    this.account(user);
    const conversation = fields.conversation ?? `@${user}`;
    const known = this.#conversations.get(conversation) ?? this.#fresh(conversation);
    this.#put({ ...known, unread: known.unread + 1, lastText: body, lastAt: this.now });
    return this.#add({ from: { user, device: `${user}-phone` }, body, state: 'decrypted', ...fields, conversation });
  }

  /** A message becomes another one. */
  change(id: string, fields: Change): void {
    const index = this.#messages.findIndex((message) => message.id === id);
    const message = { ...this.#messages[index]!, ...fields };
    this.#messages[index] = message;
    this.tell({ type: 'message-changed', message });
  }

  tell(event: ChatEvent): void {
    if (event.type === 'connection') this.isConnected = event.isConnected;
    for (const listener of this.#listeners) listener(event);
  }

  get all(): readonly ChatMessage[] {
    return this.#messages;
  }

  async conversations(): Promise<readonly ChatConversation[]> {
    return [...this.#conversations.values()].sort((a, b) => b.lastAt - a.lastAt);
  }

  async open(name: string): Promise<ChatConversation> {
    const known = [...this.#conversations.values()].find((each) => each.id === name || each.name === name);
    if (known !== undefined) return known;
    if (!this.#accounts.has(name)) throw new ProtocolError('E_NO_ACCOUNT', `There is no account ${name}`);
    return this.#put(this.#fresh(`@${name}`));
  }

  async messages(conversation: string, range: { limit: number; before?: number }): Promise<readonly ChatMessage[]> {
    const { limit, before = Infinity } = range;
    return this.#messages.filter((each) => each.conversation === conversation && each.order < before).slice(-limit);
  }

  async message(id: string): Promise<ChatMessage | undefined> {
    return this.#messages.find((message) => message.id === id);
  }

  async search(conversation: string, words: string, limit: number): Promise<readonly ChatMessage[]> {
    const wanted = words.toLowerCase().split(/\s+/);
    const has = ({ body }: ChatMessage): boolean => wanted.every((word) => body.toLowerCase().includes(word));
    return this.#messages.filter((each) => each.conversation === conversation && has(each)).slice(-limit);
  }

  async send(conversation: string, { text, replyTo }: { text: string; replyTo?: string }): Promise<ChatMessage> {
    this.#failIfTold();
    return this.#addOwn(conversation, { body: text, ...(replyTo !== undefined && { kind: 'reply', replyTo }) });
  }

  async edit(id: string, text: string): Promise<void> {
    this.#failIfTold();
    this.change(id, { body: text, editedAt: this.now });
  }

  async delete(id: string): Promise<void> {
    this.change(id, { body: '', isDeleted: true });
  }

  async react(id: string, emoji: string): Promise<void> {
    const { [this.user]: _, ...others } = this.#messages.find((message) => message.id === id)!.reactions;
    this.change(id, { reactions: emoji === '' ? others : { ...others, [this.user]: emoji } });
  }

  async sendFile(conversation: string, path: string, transfer: ChatTransfer): Promise<ChatMessage> {
    transfer.onProgress(512, 1_024);
    await this.#held(transfer);
    this.calls.push(`sendFile ${path}`);
    const file = { name: path.slice(path.lastIndexOf('/') + 1), sizeBytes: 1_024 };
    return this.#addOwn(conversation, { kind: 'file', body: file.name, file });
  }

  async saveFile(id: string, path: string, transfer: ChatTransfer): Promise<void> {
    await this.#held(transfer);
    this.calls.push(`saveFile ${id} ${path}`);
  }

  async retry(id: string): Promise<void> {
    this.calls.push(`retry ${id}`);
    this.change(id, { state: 'sending', reason: '' });
  }

  async markRead(conversation: string, upTo: number): Promise<void> {
    this.calls.push(`markRead ${conversation} ${upTo}`);
    for (const [index, message] of this.#messages.entries()) {
      const isMeant = message.conversation === conversation && message.order <= upTo && !message.isOwn;
      if (isMeant) this.#messages[index] = { ...message, isRead: true };
    }
    const unread = this.#messages.filter((each) => each.conversation === conversation && !each.isRead).length;
    this.#put({ ...this.#conversations.get(conversation)!, unread });
  }

  setTyping(conversation: string, isTyping: boolean): void {
    this.calls.push(`typing ${conversation} ${isTyping}`);
  }

  async setDraft(conversation: string, draft: string): Promise<void> {
    this.#put({ ...this.#conversations.get(conversation)!, draft });
  }

  async setExpiry(conversation: string, expiresAfterSeconds: number): Promise<void> {
    this.#put({ ...this.#conversations.get(conversation)!, expiresAfterSeconds });
  }

  async members(conversation: string): Promise<readonly ChatMember[]> {
    const names = this.#groups.get(conversation) ?? [conversation.slice(1), this.user];
    return names.map((username) => ({
      username,
      isOwn: username === this.user,
      trust: this.trust.get(username) ?? 'unverified',
      devices: [{ id: 'd', name: `${username}'s phone`, state: 'listed' }],
    }));
  }

  async safetyNumber(username: string): Promise<ChatSafetyNumber> {
    return { digits: '1234567890'.repeat(6), trust: this.trust.get(username) ?? 'unverified' };
  }

  async confirmSafetyNumber(username: string): Promise<void> {
    this.trust.set(username, 'verified');
  }

  async acceptIdentity(username: string): Promise<void> {
    this.trust.set(username, 'unverified');
  }

  async rejoin(conversation: string): Promise<void> {
    this.calls.push(`rejoin ${conversation}`);
  }

  listen(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #held({ signal }: ChatTransfer): Promise<void> {
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        this.calls.push('transfer cancelled');
        reject(new ProtocolError('E_CANCELLED'));
      });
    });
    await Promise.race([this.hold, aborted]);
  }

  #addOwn(conversation: string, fields: Change): ChatMessage {
    const known = this.#conversations.get(conversation)!;
    this.#put({ ...known, lastText: fields.body ?? '', lastAt: this.now });
    return this.#add({ from: { user: this.user, device: 'here' }, isOwn: true, isRead: true, ...fields, conversation });
  }

  #add(fields: Change & { conversation: string }): ChatMessage {
    const order = this.#messages.length + 1;
    const message: ChatMessage = {
      id: `m${order}`,
      order,
      from: { user: '', device: '' },
      isOwn: false,
      kind: 'text',
      body: '',
      state: 'sending',
      reason: '',
      replyTo: null,
      file: undefined,
      at: this.now,
      isRead: false,
      editedAt: undefined,
      isDeleted: false,
      expiresAt: undefined,
      reactions: {},
      ...fields,
    };
    this.#messages.push(message);
    this.now += 60_000;
    this.tell({ type: 'message', message });
    return message;
  }

  #fresh(id: string): ChatConversation {
    const rest = { unread: 0, lastAt: 0, lastText: '', draft: '', expiresAfterSeconds: 0 };
    return { id, kind: 'direct', username: id.slice(1), name: id.slice(1), ...rest };
  }

  #put(conversation: ChatConversation): ChatConversation {
    this.#conversations.set(conversation.id, conversation);
    this.tell({ type: 'conversation-changed', conversation: conversation.id });
    return conversation;
  }

  #failIfTold(): void {
    const { failure } = this;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
