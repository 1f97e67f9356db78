/** Presence: who is writing, in both directions. It is a courtesy: what gets lost of it is not missed. */
import { escapeText } from '@sealane/shared/bytes';
import type { ChatClock } from './chat-clock.ts';
import type { ChatModel } from './chat-model.ts';

/** Somebody of whom nothing more is heard does not write any more. */
const HEARD_MS = 8_000;
/** Others are told again this often while it goes on. */
const TELL_MS = 4_000;
/** Names that are shown. */
const NAMES_MAX = 3;

export class Presence {
  readonly #model: ChatModel;
  readonly #clock: ChatClock;
  readonly #onChange: () => void;
  /** By conversation and name: what forgets it. */
  readonly #typing = new Map<string, Map<string, () => void>>();
  #told: { readonly conversation: string; readonly at: number } | undefined;

  constructor(model: ChatModel, clock: ChatClock, onChange: () => void) {
    this.#model = model;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The own text changed. A command is nobody's business. */
  written(text: string, conversation: string | undefined): void {
    const isTyping = conversation !== undefined && text !== '' && !/^\/(?!\/)/.test(text);
    const told = this.#told;
    if (told !== undefined && (!isTyping || told.conversation !== conversation)) {
      this.#told = undefined;
      this.#model.setTyping(told.conversation, false);
    }
    if (!isTyping || (this.#told !== undefined && this.#clock.now() - this.#told.at < TELL_MS)) return;
    this.#told = { conversation, at: this.#clock.now() };
    this.#model.setTyping(conversation, true);
  }

  /** Somebody began to write, or ended. */
  took(event: { readonly conversation: string; readonly username: string; readonly isTyping: boolean }): void {
    const { conversation, username, isTyping } = event;
    if (username === this.#model.user) return;
    const writers = this.#typing.get(conversation) ?? new Map<string, () => void>();
    const forget = writers.get(username);
    if (forget === undefined && !isTyping) return;
    forget?.();
    writers.delete(username);
    if (isTyping) {
      const stop = this.#clock.after(HEARD_MS, () => {
        writers.delete(username);
        this.#onChange();
      });
      writers.set(username, stop);
    }
    this.#typing.set(conversation, writers);
    this.#onChange();
  }

  /** `alice is writing …`, or nothing. */
  words(conversation: string): readonly string[] {
    const names = [...(this.#typing.get(conversation)?.keys() ?? [])].map(escapeText);
    if (names.length === 0) return [];
    const shown = names.slice(0, NAMES_MAX).join(', ') + (names.length > NAMES_MAX ? ' and others' : '');
    return [`${shown} ${names.length === 1 ? 'is' : 'are'} writing …`];
  }

  stop(): void {
    this.written('', undefined);
    for (const writers of this.#typing.values()) for (const forget of writers.values()) forget();
    this.#typing.clear();
  }
}
