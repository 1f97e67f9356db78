/** MemberNotes: rows of a conversation that say which accounts came and went, one for each account. */
import { concat, toHex, utf8Encode } from '@sealane/shared/bytes';
import type { Crypto } from '@sealane/shared/crypto';
import type { GroupItem } from '@sealane/shared/items';
import { MESSAGE_ID_BYTES } from '@sealane/shared/packets';
import type { CommitTaken, E2eeEngine, Sender } from '@sealane/e2ee/engine';
import type { Transaction } from '@sealane/e2ee/storage';
import type { Directory } from './directory.ts';
import type { MessageBook } from './message-book.ts';
import type { GroupRow } from './tables.ts';

export interface MemberNotesParts {
  readonly book: MessageBook;
  readonly directory: Directory;
  readonly crypto: Crypto;
  engine(): E2eeEngine;
  username(): string;
}

export class MemberNotes {
  readonly #parts: MemberNotesParts;

  constructor(parts: MemberNotesParts) {
    this.#parts = parts;
  }

  /** Shows it in the conversation, inside the transaction in which a commit was applied. */
  async tell(
    tx: Transaction,
    group: GroupRow,
    taken: Extract<CommitTaken, { state: 'applied' }>,
    item: GroupItem,
  ): Promise<void> {
    if (group.conversation.startsWith('@')) return;
    const members = await this.#parts.engine().members(tx, group.group);
    const present = new Set(members.map(({ accountId }) => toHex(accountId)));
    const counts = (sender: Sender): number =>
      members.filter(({ accountId }) => toHex(accountId) === toHex(sender.accountId)).length;
    const came = taken.added.filter(
      (sender) =>
        counts(sender) === taken.added.filter((other) => toHex(other.accountId) === toHex(sender.accountId)).length,
    );
    const left = taken.removed.filter(({ accountId }) => !present.has(toHex(accountId)));
    const by = this.#nameOf(taken.committer);
    for (const [verb, senders] of [
      ['added', came],
      ['removed', left],
    ] as const) {
      for (const name of new Set(senders.map((sender) => this.#nameOf(sender)))) {
        await this.#parts.book.add(tx, {
          conversation: group.conversation,
          // One row for each account, whatever comes again.
          id: this.#eventId(item, `${verb} ${name}`),
          group: group.group,
          username: by,
          device: taken.committer.agentId,
          isOwn: by === this.#parts.username() ? 1 : 0,
          kind: 'event',
          body: `${by} ${verb} ${name}`,
          at: item.at,
          state: 'decrypted',
          isRead: 1,
        });
      }
    }
  }

  #nameOf({ accountId }: Sender): string {
    return this.#parts.directory.stateById(accountId)?.username ?? toHex(accountId).slice(0, 16);
  }

  /** An id for a row of an event, made of the commit and what it says. */
  #eventId(item: GroupItem, what: string): Uint8Array {
    return this.#parts.crypto.sha256(concat(item.messageId, utf8Encode(what))).slice(0, MESSAGE_ID_BYTES);
  }
}
