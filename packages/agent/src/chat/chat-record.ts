/** ChatRecord: the messages of one conversation that were shown in this session, and the numbers by which commands name them. */
import type { ChatMessage } from './chat-model.ts';
import type { MessageEntry } from './entry.ts';

/** What was shown before these is read again with /more or /search. */
const MESSAGES_MAX = 5_000;

export class ChatRecord {
  readonly #byId = new Map<string, MessageEntry>();
  readonly #idByNumber = new Map<number, string>();
  #numberLast = 0;
  /** Position of the oldest message that was shown. */
  oldest = Number.POSITIVE_INFINITY;

  /** The entry of a message: with the number it has, or with the next one. */
  take(message: ChatMessage, answered?: ChatMessage): MessageEntry {
    const known = this.#byId.get(message.id);
    const number = known?.number ?? ++this.#numberLast;
    const quoted = this.#quote(message, answered) ?? known?.quoted;
    const entry: MessageEntry = { kind: 'message', number, message, ...(quoted !== undefined && { quoted }) };
    this.#byId.set(message.id, entry);
    this.#idByNumber.set(number, message.id);
    if (this.#byId.size > MESSAGES_MAX) this.#forgetFirst();
    this.oldest = Math.min(this.oldest, message.order);
    return entry;
  }

  byId(id: string): MessageEntry | undefined {
    return this.#byId.get(id);
  }

  byNumber(number: number): MessageEntry | undefined {
    return this.byId(this.#idByNumber.get(number) ?? '');
  }

  /** How many own messages are on this device alone. */
  get sending(): number {
    return [...this.#byId.values()].filter(({ message }) => message.state === 'sending' && !message.isDeleted).length;
  }

  /** Own messages that failed, in the order of their numbers. */
  get failed(): readonly MessageEntry[] {
    return [...this.#byId.values()].filter(({ message }) => message.isOwn && message.state === 'failed');
  }

  #forgetFirst(): void {
    const [first] = this.#byId.values();
    if (first === undefined) return;
    this.#byId.delete(first.message.id);
    this.#idByNumber.delete(first.number);
  }

  #quote({ replyTo }: ChatMessage, answered: ChatMessage | undefined): MessageEntry['quoted'] {
    if (replyTo === null) return undefined;
    const shown = this.#byId.get(replyTo);
    const message = shown?.message ?? answered;
    if (message === undefined) return undefined;
    const quoted = {
      from: message.isOwn ? 'you' : message.from.user,
      text: message.isDeleted ? '(deleted)' : message.body,
    };
    return shown === undefined ? quoted : { ...quoted, number: shown.number };
  }
}
