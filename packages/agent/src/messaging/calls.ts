/**
 * Calls: what two devices say to each other before media flow between them, end-to-end encrypted: session descriptions
 * (RFC 8866), candidates (RFC 8839), the end. The media, and their keys, are for the program: a description names them.
 */
import { toHex } from '@sealane/shared/bytes';
import type { Random } from '@sealane/shared/crypto';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import type { CallEndReason, KnownContent } from '@sealane/e2ee/content';
import type { Compose } from './compose.ts';
import { messageIdOf } from './message-ids.ts';

/** What calls need of the client. */
export interface CallsParts {
  readonly random: Random;
  readonly compose: Pick<Compose, 'content'>;
  /** Puts a content into the outbox, and its row where it is shown. @throws `E_UNVERIFIED`, `E_NO_GROUP`. */
  say(conversation: string, content: KnownContent, isShown: boolean): Promise<void>;
}

/** Signals of calls, as `messaging.calls`. */
export class Calls {
  readonly #parts: CallsParts;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Offers a call to everybody in a conversation. @returns its id: what follows names it. */
  async offer(
    conversation: string,
    { description, isVideo = false }: { readonly description: string; readonly isVideo?: boolean },
  ): Promise<string> {
    const call = this.#parts.random(MESSAGE_ID_BYTES);
    await this.#parts.say(
      conversation,
      this.#parts.compose.content('call-offer', { call, description, isVideo }),
      true,
    );
    return toHex(call);
  }

  async answer(conversation: string, call: string, description: string): Promise<void> {
    const body = { call: messageIdOf(call), description };
    await this.#parts.say(conversation, this.#parts.compose.content('call-answer', body), false);
  }

  /** Ways to reach this device, as they are found. */
  async candidates(conversation: string, call: string, candidates: readonly string[]): Promise<void> {
    const body = { call: messageIdOf(call), candidates };
    await this.#parts.say(conversation, this.#parts.compose.content('call-candidates', body), false);
  }

  async end(conversation: string, call: string, reason: CallEndReason = 'hung-up'): Promise<void> {
    const body = { call: messageIdOf(call), reason };
    await this.#parts.say(conversation, this.#parts.compose.content('call-end', body), true);
  }
}
