/** DeadLetterOffice: lists dead letters, puts them back into their queues, and purges them (docs/protocols/delivery.md §7). */
import { StorageError } from '@sealane/shared/errors';
import { queueIndexOf } from '../state/queue.ts';
import type { DeadLetter, NewEvent, Page, PageRequest } from '../store.ts';
import { readEventRecord } from './event-record.ts';
import type { StoredDeadLetter } from './log-device.ts';
import { writeEntries, writeEventStep } from './steps.ts';
import type { StoreCore } from './store-core.ts';

export class DeadLetterOffice {
  readonly #core: StoreCore;
  /** Ids that are on their way back. */
  readonly #redriving = new Set<string>();

  constructor(core: StoreCore) {
    this.#core = core;
  }

  async list(request: PageRequest & { readonly queueId?: string }): Promise<Page<DeadLetter>> {
    await this.#core.committer.allAnswered();
    const { items, next } = await this.#core.device.deadLetters(request);
    return { items: items.map(deadLetterOf), next };
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    await this.#core.committer.allAnswered();
    const letter = await this.#core.device.deadLetter(id);
    return letter && deadLetterOf(letter);
  }

  async redrive(id: string): Promise<boolean> {
    // While one waits for room it is on its way, and must not be put back twice.
    if (this.#core.committer.isFull) throw new StorageError('E_STORE_FULL');
    if (this.#redriving.has(id)) return false;
    this.#redriving.add(id);
    const done = (): void => void this.#redriving.delete(id);
    try {
      await this.#core.committer.allAnswered();
      const letter = await this.#core.device.deadLetter(id);
      return letter !== undefined && (await this.#putBack(letter));
    } finally {
      this.#core.committer.soon().then(done, done);
    }
  }

  async purge(ids: readonly string[] | undefined): Promise<number> {
    await this.#core.committer.allAnswered();
    return this.#core.device.purgeDeadLetters(ids);
  }

  /** As a new event of the log, for this queue alone, with the record that it always had. */
  async #putBack({ id, queueId, record }: StoredDeadLetter): Promise<boolean> {
    const { state, committer, environment } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    const stored = readEventRecord(record);
    if (queue === undefined || stored === undefined) return false;
    const position = committer.recordPosition;
    committer.records.bytes(record);
    const publishedAt = environment.now();
    const event: NewEvent = {
      ...stored,
      publishedAt,
      expiresAt: Number.MAX_SAFE_INTEGER,
      dueAt: 0,
      durability: 'durable',
      dedup: { kind: 'none' },
    };
    const none = { producer: undefined, idHash: undefined, isDelayed: false };
    writeEventStep(committer.head, { event, bytes: record.length, contentHash: 0, ...none });
    writeEntries(committer.head, [queue], () => false);
    const sequence = state.nextEventSequence++;
    const { expiresAt } = event;
    state.append(queue, state.pool.add({ sequence, position, bytes: record.length, publishedAt, expiresAt }, 1));
    committer.touch(queue);
    committer.side.redriven.push(id);
    committer.wrote();
    if (!(await committer.answered())) throw new StorageError('E_STORE_FULL');
    return true;
  }
}

function deadLetterOf({ record, ...letter }: StoredDeadLetter): DeadLetter {
  const event = readEventRecord(record);
  return {
    ...letter,
    eventId: event?.id ?? '',
    from: event?.from ?? '',
    to: event?.to ?? '',
    publishedAt: event?.publishedAt ?? 0,
    contentType: event?.contentType ?? null,
    body: event?.body ?? new Uint8Array(0),
  };
}
