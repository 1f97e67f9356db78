/**
 * SeenMessages: which messages were told, and as what; so that what is heard of twice, as an event and by reading the database, is
 * told once.
 */
import type { ChatEvent, ChatMessage } from './chat-model.ts';

/** What has not changed for so many other messages may be told again. */
const SEEN_MAX = 4_000;

export class SeenMessages {
  readonly #seen = new Map<string, string>();
  /** Position of the last message when the chat began: what is behind it and was not told is new. */
  readonly #orderAtStart: number;

  /** @param shown what the chat may show by itself. */
  constructor(shown: readonly ChatMessage[]) {
    this.#orderAtStart = lastOrder(shown);
    for (const message of shown) this.#see(message);
  }

  /** The event that tells a message, if it is another than before. */
  eventOf(message: ChatMessage): Extract<ChatEvent, { type: 'message' | 'message-changed' }> | undefined {
    // A change of a message that another process wrote may be the first that is heard of it.
    const isNew = !this.#seen.has(message.id) && message.order > this.#orderAtStart;
    return this.#see(message) ? { type: isNew ? 'message' : 'message-changed', message } : undefined;
  }

  #see(message: ChatMessage): boolean {
    const now = JSON.stringify(message);
    if (this.#seen.get(message.id) === now) return false;
    this.#seen.delete(message.id);
    this.#seen.set(message.id, now);
    if (this.#seen.size > SEEN_MAX) this.#seen.delete(this.#seen.keys().next().value ?? '');
    return true;
  }
}

/** Highest position of some messages. */
export function lastOrder(messages: readonly ChatMessage[]): number {
  return Math.max(0, ...messages.map(({ order }) => order));
}
