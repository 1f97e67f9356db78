/**
 * ClientModel: a chat's view of the messaging client of this agent. What other processes of the same data directory write is read
 * from the database every so often; where one of them takes what comes in, that is taken over when it ends.
 */
import { foldUsername, usernameFault } from '@sealane/shared/accounts';
import { ConfigError, SealaneError } from '@sealane/shared/errors';
import type { Agent, AgentState } from '../agent/index.ts';
import { setAsideError, type MessagingClient, type MessagingEvent } from '../messaging/index.ts';
import type { ChatClock } from './chat-clock.ts';
import type {
  ChatConversation,
  ChatEvent,
  ChatMember,
  ChatMessage,
  ChatModel,
  ChatSafetyNumber,
  ChatTransfer,
} from './chat-model.ts';
import { SeenMessages, lastOrder } from './seen-messages.ts';

interface ClientModelOptions {
  readonly client: MessagingClient;
  readonly agent: Pick<Agent, 'state' | 'on' | 'off'>;
  readonly clock: ChatClock;
}

/** How often the database is read: another process may write it. */
const LOOK_MS = 1_000;
/** Messages that are looked at for changes then. */
const LOOKED_AT_MAX = 100;
/** New ones that are read at once. */
const FRESH_MAX = 1_000;
/** Time for what needs the server: to begin a chat with somebody. */
const PATIENCE_MS = 20_000;

export class ClientModel implements ChatModel {
  readonly user: string;
  readonly #client: MessagingClient;
  readonly #agent: ClientModelOptions['agent'];
  readonly #clock: ChatClock;
  readonly #listeners = new Set<(event: ChatEvent) => void>();
  #seen: SeenMessages | undefined;
  /** Position of the last message when the database was last read. */
  #orderRead = 0;
  #isSyncing = false;
  #seenConversations = '';
  #stopLooking: () => void = () => undefined;
  #toldTrouble = '';
  readonly #closing = new AbortController();
  /** Accounts whose identity is being accepted here. */
  readonly #onEvent = (event: MessagingEvent): void => this.#takeEvent(event);
  readonly #onState = (state: AgentState): void => this.#takeState(state);

  /** @throws ConfigError `E_NO_ACCOUNT_HERE` without an account on this device. */
  constructor({ client, agent, clock }: ClientModelOptions) {
    const { username } = client;
    if (username === undefined) {
      throw new ConfigError('E_NO_ACCOUNT_HERE', 'This device has no account');
    }
    this.user = username;
    this.#client = client;
    this.#agent = agent;
    this.#clock = clock;
    client.on('event', this.#onEvent);
    agent.on('state', this.#onState);
  }

  get #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  get isConnected(): boolean {
    return this.#agent.state.state === 'connected';
  }

  /** Begins to take what comes in; returns at once. */
  start(): void {
    this.#takeState(this.#agent.state);
    void this.#look();
  }

  close(): void {
    this.#closing.abort();
    this.#stopLooking();
    this.#client.off('event', this.#onEvent);
    this.#agent.off('state', this.#onState);
  }

  conversations(): Promise<readonly ChatConversation[]> {
    return this.#client.conversations();
  }

  async open(name: string): Promise<ChatConversation> {
    const all = await this.#client.conversations();
    const username = foldUsername(name.replace(/^@/, ''));
    const known =
      all.find(({ id }) => id === name) ??
      all.find((each) => each.kind === 'direct' && each.username === username) ??
      all.find((each) => each.kind === 'group' && each.name === name);
    if (known !== undefined) return known;
    if (usernameFault(username) !== undefined) {
      throw new ConfigError('E_USAGE', `There is no group ${JSON.stringify(name)} here, and nobody can be called so`);
    }
    await this.#connected();
    const id = await this.#client.conversationWith(username, AbortSignal.timeout(PATIENCE_MS));
    const conversation = await this.#client.conversation(id);
    if (conversation === undefined)
      throw new ConfigError('E_USAGE', `There is no conversation ${JSON.stringify(name)}`);
    return conversation;
  }

  messages(
    conversation: string,
    range: { readonly limit: number; readonly before?: number },
  ): Promise<readonly ChatMessage[]> {
    return this.#client.messages(conversation, range);
  }

  message(id: string): Promise<ChatMessage | undefined> {
    return this.#client.message(id);
  }

  search(conversation: string, words: string, limit: number): Promise<readonly ChatMessage[]> {
    return this.#client.search(words, { conversation, limit });
  }

  send(conversation: string, message: { readonly text: string; readonly replyTo?: string }): Promise<ChatMessage> {
    return this.#client.send(conversation, message);
  }

  edit(id: string, text: string): Promise<void> {
    return this.#client.edit(id, text);
  }

  delete(id: string): Promise<void> {
    return this.#client.delete(id);
  }

  react(id: string, emoji: string): Promise<void> {
    return this.#client.react(id, emoji);
  }

  sendFile(conversation: string, path: string, transfer: ChatTransfer): Promise<ChatMessage> {
    return this.#client.sendFile(conversation, path, transfer);
  }

  async saveFile(id: string, path: string, transfer: ChatTransfer): Promise<void> {
    await this.#connected();
    await this.#client.saveFile(id, path, transfer);
  }

  retry(id: string): Promise<void> {
    return this.#client.retry(id);
  }

  markRead(conversation: string, upTo: number): Promise<void> {
    return this.#client.markRead(conversation, upTo);
  }

  setTyping(conversation: string, isTyping: boolean): void {
    this.#client.setTyping(conversation, isTyping);
  }

  setDraft(conversation: string, text: string): Promise<void> {
    return this.#client.setDraft(conversation, text);
  }

  setExpiry(conversation: string, seconds: number): Promise<void> {
    return this.#client.setExpiry(conversation, seconds);
  }

  /** None where this device is not in the group any more. */
  async members(conversation: string): Promise<readonly ChatMember[]> {
    try {
      return await this.#client.members(conversation);
    } catch (error) {
      if (error instanceof SealaneError && error.code === 'E_NO_GROUP') return [];
      throw error;
    }
  }

  async safetyNumber(username: string): Promise<ChatSafetyNumber> {
    await this.#connected();
    const { digits, trust } = await this.#client.safetyNumber(foldUsername(username));
    return { digits: digits.replace(/\D/g, ''), trust };
  }

  confirmSafetyNumber(username: string): Promise<void> {
    return this.#client.confirmSafetyNumber(foldUsername(username));
  }

  acceptIdentity(username: string): Promise<void> {
    return this.#client.acceptIdentity(foldUsername(username));
  }

  rejoin(conversation: string): Promise<void> {
    return this.#client.healGroup(conversation);
  }

  listen(listener: (event: ChatEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(event: ChatEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #takeState(state: AgentState): void {
    if (state.state === 'connected') {
      const { trust, server, fingerprint } = state;
      const news =
        trust === 'first-contact' ? `First contact with ${server}: its identity ${fingerprint} is recorded.` : '';
      this.#tell({ type: 'connection', isConnected: true, ...(news !== '' && { detail: news }) });
    }
    if (state.state === 'reconnecting') {
      this.#tell({ type: 'connection', isConnected: false, detail: state.error.message });
    }
    if (state.state === 'closed' && !this.#isClosed) {
      this.#tell({ type: 'connection', isConnected: false, detail: state.reason });
      if (state.error !== undefined) this.#tell({ type: 'trouble', error: state.error });
    }
  }

  /** Resolves when there is a connection, or the time for that is up: what needs one says then what is wrong. */
  async #connected(): Promise<void> {
    if (this.isConnected) return;
    await new Promise<void>((resolve) => {
      const stopWaiting = this.#clock.after(PATIENCE_MS, done);
      const stopListening = this.listen(({ type }) => {
        if (type === 'connection' && this.isConnected) done();
      });
      function done(): void {
        stopWaiting();
        stopListening();
        resolve();
      }
    });
  }

  #takeEvent(event: MessagingEvent): void {
    // A terminal makes no calls; that there was one is a message.
    if (event.type === 'caught-up' || event.type === 'call') return;
    if (event.type === 'contact-changed') {
      const { type, username, change } = event;
      // Whom this user trusts is no news to the one who did it.
      if (change !== 'trust') this.#tell({ type, username, change });
      return;
    }
    if (event.type === 'set-aside') {
      this.#tell({ type: 'trouble', error: setAsideError(event.table, event.rows) });
      return;
    }
    const isAboutMessage = event.type === 'message' || event.type === 'message-changed';
    if (this.#seen !== undefined && isAboutMessage) this.#tellMessage(this.#seen, event.message);
    else this.#tell(event);
  }

  /** Takes what comes in where no other process does so, and reads what others of this data directory have written. */
  async #look(): Promise<void> {
    try {
      await this.#readChanges();
      if (!this.#isSyncing) void this.#sync();
    } catch (error) {
      this.#tellTrouble(error);
    }
    if (!this.#isClosed) this.#stopLooking = this.#clock.after(LOOK_MS, () => void this.#look());
  }

  /** Goes on as long as this process may; tried again with the next look where it may not. */
  async #sync(): Promise<void> {
    this.#isSyncing = true;
    try {
      this.#isSyncing = await this.#client.sync(this.#closing.signal);
    } catch (error) {
      this.#isSyncing = false;
      this.#tellTrouble(error);
    }
  }

  /** What goes wrong again and again is told once. */
  #tellTrouble(error: unknown): void {
    if (this.#isClosed || !(error instanceof SealaneError) || error.message === this.#toldTrouble) return;
    this.#toldTrouble = error.message;
    this.#tell({ type: 'trouble', error });
  }

  async #readChanges(): Promise<void> {
    const isFirst = this.#seen === undefined;
    const fresh = isFirst ? [] : await this.#client.since(this.#orderRead, FRESH_MAX);
    const latest = await this.#client.latest(LOOKED_AT_MAX);
    const conversations = JSON.stringify(await this.#client.conversations());
    this.#orderRead = Math.max(this.#orderRead, lastOrder(fresh), lastOrder(latest));
    this.#seen ??= new SeenMessages(latest);
    for (const message of [...fresh, ...latest]) this.#tellMessage(this.#seen, message);
    if (conversations !== this.#seenConversations && !isFirst) {
      this.#tell({ type: 'conversation-changed', conversation: '' });
    }
    this.#seenConversations = conversations;
  }

  #tellMessage(seen: SeenMessages, message: ChatMessage): void {
    const event = seen.eventOf(message);
    if (event !== undefined) this.#tell(event);
  }
}
