/**
 * QueueReads: hands out what waits in a queue, in order. Only what is committed is handed out, and only after it is on
 * the disk that the queue is being delivered; so after a crash nobody takes a repetition for a first delivery.
 */
import { StorageError } from '@sealane/shared/errors';
import { reasonOf, STATUS } from '../state/pending-chunk.ts';
import type { QueueContent } from '../state/queue-content.ts';
import { queueIndexOf, type Queue } from '../state/queue.ts';
import type { Lease, QueueEntry, QueueItem, QueueSkip, ReadRequest } from '../store.ts';
import { readEventRecord, type StoredEvent } from './event-record.ts';
import type { EntrySettler } from './entry-settler.ts';
import { STEP, writeQueueMark } from './steps.ts';
import type { StoreCore } from './store-core.ts';

/** An entry that is to be read. */
interface EntryPlace {
  readonly kind: 'place';
  readonly sequence: number;
  readonly eventSequence: number;
  readonly position: number;
  readonly bytes: number;
  readonly expiresAt: number;
  readonly failures: number;
}

interface MutableSkip extends QueueSkip {
  to: number;
}

/** What was read. */
interface ReadItems {
  readonly items: readonly QueueItem[];
  /** There was more, which cannot be handed out for want of room on the disk. */
  readonly isCut: boolean;
}

const NOTHING_READ: ReadItems = { items: [], isCut: false };
const TOPIC_PREFIX = 'topic:';
/** Who was kept waiting for room hears of it with the commit that finds some. */
const RIDE_MS = 50;

export class QueueReads {
  readonly #core: StoreCore;
  readonly #settler: EntrySettler;

  constructor(core: StoreCore, settler: EntrySettler) {
    this.#core = core;
    this.#settler = settler;
  }

  async read(queueId: string, request: ReadRequest, lease: Lease): Promise<readonly QueueItem[]> {
    const { state, leases } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    if (queue === undefined) return [];
    leases.check(queue, lease);
    const { content } = queue;
    if (content === null || queue.visibleTo <= queue.settledTo) return [];
    const found = this.#collect(queue, content, request, lease);
    if (found.length === 0) return [];
    let read: ReadItems = NOTHING_READ;
    try {
      const safe = await this.#makeSafe(queue, found);
      read = await this.#readAll(queue, safe);
      if (safe.length < found.length) read = { ...read, isCut: true };
    } finally {
      this.#letGo(queue, found, read.items);
    }
    if (read.isCut && read.items.length === 0) throw new StorageError('E_STORE_FULL');
    return read.items;
  }

  async readAgain(queueId: string, sequences: readonly number[], lease: Lease): Promise<readonly QueueEntry[]> {
    const { state, leases } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    if (queue === undefined) return [];
    leases.check(queue, lease);
    const { content } = queue;
    const found = [];
    for (const sequence of sequences) {
      const chunk = content?.chunkOf(sequence);
      if (!content || chunk?.statusOf(sequence) !== STATUS.waiting) continue;
      found.push(this.#placeOf(content, sequence, chunk.slotOf(sequence)));
    }
    const { items, isCut } = await this.#readAll(queue, found);
    // What is missing counts as gone, so nothing may be missing for want of room.
    if (isCut) throw new StorageError('E_STORE_FULL');
    return items.filter((item) => item.kind === 'event');
  }

  #collect(queue: Queue, content: QueueContent, request: ReadRequest, lease: Lease): (EntryPlace | MutableSkip)[] {
    const isGroup = queue.kind === 'group';
    const holder = `${lease.node}:${lease.epoch}`;
    const found: (EntryPlace | MutableSkip)[] = [];
    const to = queue.visibleTo;
    let bytes = 0;
    let sequence = (isGroup ? queue.settledTo : Math.max(request.after, queue.settledTo)) + 1;
    while (sequence <= to) {
      const chunk = content.chunkAt(content.indexFor(sequence));
      if (chunk === undefined) break;
      const end = Math.min(chunk.end, to + 1);
      for (sequence = Math.max(sequence, chunk.first, chunk.heldTo + 1); sequence < end; sequence++) {
        const status = chunk.statusOf(sequence);
        if (status === STATUS.settled || (isGroup && content.held?.has(sequence) === true)) continue;
        if (status !== STATUS.waiting) {
          const runEnd = chunk.runStatus === undefined ? sequence : end - 1;
          if (!addSkip(found, sequence, runEnd, status) && found.length > request.limit) return found.slice(0, -1);
          if (chunk.runStatus !== undefined) chunk.heldTo = isGroup ? runEnd : 0;
          else if (isGroup) hold(content, sequence, holder);
          sequence = runEnd;
          continue;
        }
        const place = this.#placeOf(content, sequence, chunk.slotOf(sequence));
        bytes += place.bytes;
        if (found.length > 0 && (found.length >= request.limit || bytes > request.bytesMax)) return found;
        if (isGroup) hold(content, sequence, holder);
        found.push(place);
      }
    }
    return found;
  }

  #placeOf(content: QueueContent, sequence: number, slot: number): EntryPlace {
    const { pool } = this.#core.state;
    return {
      kind: 'place',
      sequence,
      eventSequence: pool.sequenceOf(slot),
      position: pool.positionOf(slot),
      bytes: pool.bytesOf(slot),
      expiresAt: pool.expiresAtOf(slot),
      failures: content.failures?.get(sequence)?.count ?? 0,
    };
  }

  /** @returns what may be handed out: while there is no room on the disk, nothing from the first skip on. */
  async #makeSafe(
    queue: Queue,
    found: readonly (EntryPlace | MutableSkip)[],
  ): Promise<readonly (EntryPlace | MutableSkip)[]> {
    const { state, committer } = this.#core;
    const firstSkip = found.findIndex(({ kind }) => kind === 'skip');
    const hasEvents = found.some(({ kind }) => kind === 'place');
    if (hasEvents && !queue.isDelivering) {
      writeQueueMark(committer.head, STEP.delivering, queue);
      state.beginDelivery(queue);
      // Without room deliveries go on: at worst a repetition is not known as one after a crash.
      await committer.answered();
    }
    const isSafe = firstSkip < 0 || (await committer.allAnswered());
    return isSafe ? found : found.slice(0, firstSkip);
  }

  async #readAll(queue: Queue, found: readonly (EntryPlace | QueueSkip)[]): Promise<ReadItems> {
    const { cache, device } = this.#core;
    const records = found.map((each) => (each.kind === 'skip' ? undefined : cache.find(each.position, each.bytes)));
    const missing: EntryPlace[] = [];
    for (const [index, each] of found.entries()) {
      if (each.kind === 'place' && records[index] === undefined) missing.push(each);
    }
    const read = missing.length === 0 ? [] : await device.readRecords(missing);
    let next = 0;
    const items: QueueItem[] = [];
    for (const [index, each] of found.entries()) {
      if (each.kind === 'skip') items.push(each);
      else {
        const event = readEventRecord(records[index] ?? read[next++] ?? new Uint8Array(0));
        if (event !== undefined) items.push(entryOf(each, event));
        else if (!(await this.#onDamaged(queue, each, items))) return { items, isCut: true };
      }
    }
    return { items, isCut: false };
  }

  /** What was found and not handed out is free for whoever reads next, and is told again once there is room. */
  #letGo(queue: Queue, found: readonly (EntryPlace | QueueSkip)[], items: readonly QueueItem[]): void {
    const last = items.at(-1);
    const handedTo = last === undefined ? 0 : lastSequence(last);
    const left = found.map(lastSequence).filter((sequence) => sequence > handedTo);
    if (left.length === 0) return;
    const { committer } = this.#core;
    if (queue.kind === 'group') for (const sequence of left) queue.content?.free(sequence);
    committer.touch(queue);
    committer.within(RIDE_MS).catch(() => undefined);
  }

  /**
   * A record that was waiting and is not whole becomes a dead letter; nobody is sent anything of it.
   *
   * @returns false while there is no room to write that down: then nothing may be handed out from here on.
   */
  async #onDamaged(queue: Queue, place: EntryPlace, items: QueueItem[]): Promise<boolean> {
    const chunk = queue.content?.chunkOf(place.sequence);
    if (chunk?.statusOf(place.sequence) !== STATUS.waiting) return true;
    const { environment, report } = this.#core;
    const { sequence, eventSequence, position } = place;
    report({
      code: 'E_STORAGE',
      message: `The record of event ${eventSequence} at ${position} of the log is damaged: it became a dead letter of ${queue.words}`,
    });
    const reason = 'the record in the store is damaged';
    this.#settler.bury(queue, { sequence, reason, at: environment.now(), isLost: true });
    if (!(await this.#core.committer.answered())) return false;
    items.push({ kind: 'skip', from: sequence, to: sequence, reason: 'dead-letter' });
    return true;
  }
}

/** @returns whether it went into the skip before it. */
function addSkip(found: (EntryPlace | MutableSkip)[], from: number, to: number, status: number): boolean {
  const reason = reasonOf(status);
  if (reason === undefined) return true;
  const last = found.at(-1);
  if (last?.kind === 'skip' && last.reason === reason && last.to === from - 1) {
    last.to = to;
    return true;
  }
  found.push({ kind: 'skip', from, to, reason });
  return false;
}

function lastSequence(item: EntryPlace | QueueItem): number {
  return item.kind === 'skip' ? item.to : item.sequence;
}

function hold(content: QueueContent, sequence: number, holder: string): void {
  (content.held ??= new Map()).set(sequence, holder);
}

function entryOf(place: EntryPlace, event: StoredEvent): QueueEntry {
  const { id, from, to, contentType, body, publishedAt } = event;
  const { sequence, eventSequence, expiresAt, failures } = place;
  const topic = to.startsWith(TOPIC_PREFIX) ? to.slice(TOPIC_PREFIX.length) : undefined;
  return {
    kind: 'event',
    sequence,
    eventSequence,
    id,
    from,
    topic,
    contentType,
    body,
    publishedAt,
    expiresAt,
    failures,
  };
}
