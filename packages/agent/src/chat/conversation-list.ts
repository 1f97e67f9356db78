/** ConversationList: the conversations as they were last read, and of which of them it was told that something came. */
import { suggest } from '@sealane/node/config';
import type { ChatConversation, ChatModel } from './chat-model.ts';

export class ConversationList {
  readonly #model: ChatModel;
  readonly #told = new Set<string>();
  #all: readonly ChatConversation[] = [];
  /** What was listed last: numbers mean these. */
  #listed: readonly ChatConversation[] = [];

  constructor(model: ChatModel) {
    this.#model = model;
  }

  /** The latest first. */
  get all(): readonly ChatConversation[] {
    return this.#all;
  }

  async refresh(): Promise<void> {
    this.#all = await this.#model.conversations();
  }

  byId(id: string | undefined): ChatConversation | undefined {
    return this.#all.find((each) => each.id === id);
  }

  /** All of them, for a list with numbers. */
  list(): readonly ChatConversation[] {
    this.#listed = this.#all;
    return this.#listed;
  }

  /** What a word means for `ChatModel.open`: a number is one of the list, unless it was not listed. */
  nameOf(word: string): string {
    return (/^\d{1,6}$/.test(word) ? this.#listed[Number(word) - 1]?.id : undefined) ?? word;
  }

  /** The name that is most like a mistyped one. */
  nearest(word: string): string | undefined {
    const meant = suggest(
      word,
      this.#all.map(({ name }) => name),
    );
    return meant === word ? undefined : meant;
  }

  /** Unread messages of all but one. */
  unreadBeside(id: string | undefined): number {
    return this.#all.filter((each) => each.id !== id).reduce((sum, { unread }) => sum + unread, 0);
  }

  /** @returns whether it is the first time since it was open. */
  tell(id: string): boolean {
    const isFirst = !this.#told.has(id);
    this.#told.add(id);
    return isFirst;
  }

  opened(id: string): void {
    this.#told.delete(id);
  }
}
