/**
 * SubscriptionTable: the patterns of all subscriptions, as this node knows them, with the version they have. The publish
 * script refuses a batch that was routed with another version.
 */
import { TopicIndex, type IndexedQueue } from '../state/topic-index.ts';
import { AGENT_PREFIX, TOPIC_PREFIX } from './addresses.ts';
import { GROUP_PREFIX, agentQueueName } from './queue-id.ts';

export class SubscriptionTable {
  readonly #queues = new Map<string, IndexedQueue>();
  #index = new TopicIndex<IndexedQueue>();
  /** -1 when nothing is known. */
  version = -1;

  /** Forgets everything: what Redis holds is of another past. */
  reset(): void {
    this.#queues.clear();
    this.#index = new TopicIndex();
    this.version = -1;
  }

  /** Takes what the table script answered: version, whether it is the whole table, and pairs of queue and pattern. */
  apply([version = '0', isWhole, ...pairs]: readonly string[]): void {
    if (isWhole === '1') this.reset();
    for (let index = 0; index + 1 < pairs.length; index += 2) this.#set(pairs[index] ?? '', pairs[index + 1] ?? '');
    this.version = Number(version);
  }

  /** Names of the queues of groups. */
  get groups(): readonly string[] {
    return [...this.#queues.keys()].filter((name) => name.startsWith(GROUP_PREFIX));
  }

  /** Names of the queues that `agent:ID` or `topic:NAME` reaches. */
  queuesOf(to: string): readonly string[] {
    if (to.startsWith(AGENT_PREFIX)) return [agentQueueName(to.slice(AGENT_PREFIX.length))];
    const found: IndexedQueue[] = [];
    this.#index.match(to.slice(TOPIC_PREFIX.length), found);
    return found.map(({ holderKey }) => holderKey);
  }

  #set(name: string, pattern: string): void {
    const before = this.#queues.get(name);
    if (before?.pattern === pattern) return;
    if (before !== undefined) this.#index.delete(before);
    this.#queues.delete(name);
    if (pattern === '') return;
    const queue = { pattern, holderKey: name };
    this.#queues.set(name, queue);
    this.#index.add(queue);
  }
}
