/** Typing: who writes just now, told to who is connected and stored nowhere. What of it gets lost is no matter. */
import type { Random } from '@sealane/shared/crypto';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import { decodeContent, encodeContent } from '@sealane/e2ee/content';
import type { E2eeEngine } from '@sealane/e2ee/engine';
import type { Compose } from './compose.ts';
import type { Directory } from './directory.ts';
import type { Journal } from './journal.ts';
import type { CallServer } from './messaging-connection.ts';
import { tables, type GroupRow } from './tables.ts';

export interface TypingParts {
  readonly call: CallServer;
  readonly compose: Compose;
  readonly journal: Journal;
  readonly directory: Directory;
  readonly random: Random;
  engine(): E2eeEngine;
  username(): string;
}

export class Typing {
  readonly #parts: TypingParts;

  constructor(parts: TypingParts) {
    this.#parts = parts;
  }

  /** @throws when nobody could be told. */
  async tell({ group, state }: GroupRow, isTyping: boolean): Promise<void> {
    if (state !== 'active') return;
    const { compose, journal, call, random } = this.#parts;
    const content = encodeContent(compose.content('typing', { isTyping }));
    const { epoch, message } = await journal.transaction((tx) => this.#parts.engine().seal(tx, group, content));
    const fields = { group, epoch, write: 0, messageId: random(MESSAGE_ID_BYTES), body: message };
    await call(0x4e, { ...fields, ttlMs: 0, isTransient: true });
  }

  /** What came: anything else than typing, and what cannot be opened, is nobody's business. */
  take({ group, body }: { readonly group: Uint8Array; readonly body: Uint8Array }): void {
    this.#take(group.slice(), body.slice()).catch(() => undefined);
  }

  async #take(id: Uint8Array, bytes: Uint8Array): Promise<void> {
    const { journal, directory } = this.#parts;
    await journal.transaction(async (tx) => {
      const row = await tables.groups.get(tx, id);
      if (row?.state !== 'active') return;
      const opened = await this.#parts.engine().open(tx, id, bytes, { isTransient: true });
      const content = opened.state === 'decrypted' ? decodeContent(opened.plaintext) : undefined;
      if (opened.state !== 'decrypted' || content?.kind !== 'typing') return;
      const username = directory.stateById(opened.sender.accountId)?.username;
      if (username === undefined || username === this.#parts.username()) return;
      journal.tell(tx, { type: 'typing', conversation: row.conversation, username, isTyping: content.body.isTyping });
    });
  }
}
