/** QueueDirectory: every queue, by its number, by what it collects, by agent, and by topic. */
import type { QueueSpec } from '../store.ts';
import { type Queue } from './queue.ts';
import { TopicIndex } from './topic-index.ts';

/** Queues a page holds; a page without any is dropped, since numbers are never used again. */
const PAGE_QUEUES = 1_024;

interface QueuePage {
  readonly queues: (Queue | undefined)[];
  count: number;
}

export class QueueDirectory {
  readonly #pages = new Map<number, QueuePage>();
  readonly #topics = new TopicIndex<Queue>();
  /** First of the queues of each agent: its own one, where it is open. */
  readonly #byAgent = new Map<string, Queue>();
  readonly #groups = new Set<Queue>();
  nextIndex = 1;
  count = 0;

  at(index: number): Queue | undefined {
    return this.#pages.get(Math.floor(index / PAGE_QUEUES))?.queues[index % PAGE_QUEUES];
  }

  find(spec: QueueSpec): Queue | undefined {
    if (spec.kind === 'agent') return this.direct(spec.agentId);
    return this.#topics.find(spec.pattern, spec.kind === 'group' ? `\0${spec.group}` : spec.agentId);
  }

  /** The queue of events addressed to an agent. */
  direct(agentId: string): Queue | undefined {
    const first = this.#byAgent.get(agentId);
    return first?.kind === 'agent' ? first : undefined;
  }

  /** Appends every queue that a topic reaches to `found`. */
  match(topic: string, found: Queue[]): void {
    this.#topics.match(topic, found);
  }

  /** Queues of one agent, its own one first. */
  *ofAgent(agentId: string): Generator<Queue> {
    for (let queue = this.#byAgent.get(agentId) ?? null; queue !== null; queue = queue.nextOfAgent) yield queue;
  }

  ofGroups(): Iterable<Queue> {
    return this.#groups;
  }

  *all(): Generator<Queue> {
    for (const { queues } of this.#pages.values()) for (const queue of queues) if (queue !== undefined) yield queue;
  }

  /** Adds a queue that is not there. */
  add(queue: Queue): void {
    const pageNumber = Math.floor(queue.index / PAGE_QUEUES);
    let page = this.#pages.get(pageNumber);
    if (page === undefined) this.#pages.set(pageNumber, (page = { queues: [], count: 0 }));
    page.queues[queue.index % PAGE_QUEUES] = queue;
    page.count += 1;
    this.count += 1;
    this.nextIndex = Math.max(this.nextIndex, queue.index + 1);
    if (queue.kind !== 'agent') this.#topics.add(queue);
    if (queue.kind === 'group') this.#groups.add(queue);
    else this.#addToAgent(queue);
  }

  delete(queue: Queue): void {
    const pageNumber = Math.floor(queue.index / PAGE_QUEUES);
    const page = this.#pages.get(pageNumber);
    if (page === undefined) return;
    page.queues[queue.index % PAGE_QUEUES] = undefined;
    page.count -= 1;
    this.count -= 1;
    if (page.count === 0) this.#pages.delete(pageNumber);
    if (queue.kind !== 'agent') this.#topics.delete(queue);
    if (queue.kind === 'group') this.#groups.delete(queue);
    else this.#removeFromAgent(queue);
  }

  #addToAgent(queue: Queue): void {
    const first = this.#byAgent.get(queue.holder);
    if (first?.kind === 'agent') {
      queue.nextOfAgent = first.nextOfAgent;
      first.nextOfAgent = queue;
      return;
    }
    queue.nextOfAgent = first ?? null;
    this.#byAgent.set(queue.holder, queue);
  }

  #removeFromAgent(queue: Queue): void {
    const first = this.#byAgent.get(queue.holder);
    if (first === queue) {
      if (queue.nextOfAgent === null) this.#byAgent.delete(queue.holder);
      else this.#byAgent.set(queue.holder, queue.nextOfAgent);
      return;
    }
    let before = first;
    while (before !== undefined && before.nextOfAgent !== queue) before = before.nextOfAgent ?? undefined;
    if (before !== undefined) before.nextOfAgent = queue.nextOfAgent;
  }
}
