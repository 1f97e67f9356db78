/** QueueRegistry: opens, tells and closes queues, and takes note of their consumers. */
import { StorageError } from '@sealane/shared/errors';
import type { DeliveryState } from '../state/delivery-state.ts';
import { queueIndexOf, type Queue } from '../state/queue.ts';
import type { Lease, Page, PageRequest, QueueInfo, QueueSpec } from '../store.ts';
import { STEP, writeProducerDeletedStep, writeQueueMark, writeQueueStep, writeSequenceStep } from './steps.ts';
import type { StoreCore } from './store-core.ts';

/** Marks of consumers ride along with other commits for this long. */
const RIDE_MS = 50;
/** Where the number of a queue stands in its lineage. */
const LINEAGE_INDEX_OFFSET = 8;

export class QueueRegistry {
  readonly #core: StoreCore;
  readonly #lineage: Uint8Array;

  /** @param lineage of the store, 16 bytes. */
  constructor(core: StoreCore, lineage: Uint8Array) {
    this.#core = core;
    this.#lineage = lineage;
  }

  async open(spec: QueueSpec): Promise<QueueInfo> {
    const { state, committer } = this.#core;
    let queue = state.queues.find(spec);
    if (queue === undefined) {
      const index = state.queues.nextIndex;
      writeQueueStep(committer.head, index, spec);
      queue = state.openQueue(index, spec);
      await this.#stored();
    } else await committer.allAnswered();
    return this.#infoOf(queue);
  }

  async delete(spec: QueueSpec): Promise<boolean> {
    const { state } = this.#core;
    const queue = state.queues.find(spec);
    if (queue === undefined) return false;
    this.#delete(state, queue);
    await this.#stored();
    return true;
  }

  async ofAgent(agentId: string): Promise<readonly QueueInfo[]> {
    await this.#core.committer.allAnswered();
    return [...this.#core.state.queues.ofAgent(agentId)].map((queue) => this.#infoOf(queue));
  }

  async ofGroups({ after, limit }: PageRequest): Promise<Page<QueueInfo>> {
    await this.#core.committer.allAnswered();
    const named = [...this.#core.state.queues.ofGroups()]
      .map((queue) => ({ name: queue.words, queue }))
      .filter(({ name }) => after === undefined || name > after)
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    const page = named.slice(0, limit);
    const items = page.map(({ queue }) => this.#infoOf(queue));
    return { items, next: named.length > limit ? page.at(-1)?.name : undefined };
  }

  /** The lease is that of a reader, which `read` has checked. */
  beginDelivery(queueId: string, _lease: Lease): void {
    const { state, committer } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    if (queue === undefined || queue.isDelivering) return;
    writeQueueMark(committer.head, STEP.delivering, queue);
    state.beginDelivery(queue);
    committer.soon().catch(() => undefined);
  }

  release(queueId: string, deliveredTo: number, held: readonly number[], _lease: Lease): void {
    const { state, committer } = this.#core;
    const queue = state.queues.at(queueIndexOf(queueId));
    if (queue === undefined) return;
    const isMore = freeHeld(queue, held);
    if (!queue.isDelivering && deliveredTo <= queue.deliveredTo) return;
    const isShared = (queue.content?.held?.size ?? 0) > 0;
    writeSequenceStep(committer.head, STEP.released, queue, deliveredTo);
    state.release(queue, deliveredTo);
    if (isShared) {
      writeQueueMark(committer.head, STEP.delivering, queue);
      state.beginDelivery(queue);
    }
    if (isMore) committer.touch(queue);
    committer.within(RIDE_MS).catch(() => undefined);
  }

  async forgetAgent(agentId: string): Promise<void> {
    const { state, committer } = this.#core;
    for (const queue of [...state.queues.ofAgent(agentId)]) this.#delete(state, queue);
    for (const producer of [...state.producers.ofAgent(agentId)]) {
      writeProducerDeletedStep(committer.head, producer);
      state.deleteProducer(producer);
    }
    committer.side.forgotten.push(agentId);
    await this.#stored();
  }

  /** @throws StorageError `E_STORE_FULL` when there is no room now: it is done as soon as there is. */
  async #stored(): Promise<void> {
    if (!(await this.#core.committer.answered())) throw new StorageError('E_STORE_FULL');
  }

  #delete(state: DeliveryState, queue: Queue): void {
    writeQueueMark(this.#core.committer.head, STEP.queueDeleted, queue);
    state.deleteQueue(queue);
  }

  #infoOf(queue: Queue): QueueInfo {
    return {
      queueId: queue.queueId,
      spec: queue.spec,
      lineage: this.#lineageOf(queue),
      settledTo: queue.settledTo,
      nextSequence: queue.visibleTo + 1,
      waiting: queue.waiting,
      waitingBytes: queue.waitingBytes,
      deliveredTo: queue.isDelivering ? Math.max(queue.deliveredTo, queue.visibleTo) : queue.deliveredTo,
    };
  }

  /** That of the store with the number of the queue, which is never used again. */
  #lineageOf(queue: Queue): Uint8Array {
    const lineage = this.#lineage.slice();
    const view = new DataView(lineage.buffer);
    const at = LINEAGE_INDEX_OFFSET;
    // As 64 bits, in two halves: with BigInt it takes longer than everything else here.
    view.setUint32(at, view.getUint32(at) ^ Math.floor(queue.index / 2 ** 32));
    view.setUint32(at + 4, view.getUint32(at + 4) ^ (queue.index | 0));
    return lineage;
  }
}

/** @returns whether entries of a group can be had by others now. */
function freeHeld({ kind, content }: Queue, held: readonly number[]): boolean {
  if (kind !== 'group' || content === null) return false;
  let isFreed = false;
  // Whatever its lease: the reader of a group asks in the name of one member, and of another when that one is gone.
  for (const sequence of held) isFreed = content.free(sequence) || isFreed;
  return isFreed;
}
