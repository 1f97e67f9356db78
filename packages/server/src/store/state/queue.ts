/**
 * Queue: one durable consumer: gapless sequences from 1, what waits in it, and how far it got. An idle queue is this
 * object and nothing else; its content is made when something waits.
 */
import type { QueueSpec } from '../store.ts';
import type { IndexedQueue } from './topic-index.ts';
import { QueueContent } from './queue-content.ts';

export type QueueKind = QueueSpec['kind'];

/** Numbers of the kinds in records; they keep their meaning for ever. */
export const QUEUE_KINDS: readonly QueueKind[] = ['agent', 'subscription', 'group'];

export class Queue implements IndexedQueue {
  /** Number of the queue in this store, never used again. */
  readonly index: number;
  readonly kind: QueueKind;
  /** Agent or group whose queue it is. */
  readonly holder: string;
  /** Empty for events addressed to the agent. */
  readonly pattern: string;
  nextSequence = 1;
  settledTo = 0;
  deliveredTo = 0;
  /** A consumer may have been sent anything: after a crash all that is there counts as delivered. */
  isDelivering = false;
  isDeleted = false;
  /** It differs from what the last checkpoint wrote. */
  isDirty = false;
  content: QueueContent | null = null;
  /** The next queue of the same agent. */
  nextOfAgent: Queue | null = null;

  constructor(index: number, spec: QueueSpec) {
    this.index = index;
    this.kind = spec.kind;
    this.holder = spec.kind === 'group' ? spec.group : spec.agentId;
    this.pattern = spec.kind === 'agent' ? '' : spec.pattern;
  }

  get holderKey(): string {
    return this.kind === 'group' ? `\0${this.holder}` : this.holder;
  }

  get queueId(): string {
    return this.index.toString(36);
  }

  get spec(): QueueSpec {
    const { kind, holder, pattern } = this;
    if (kind === 'agent') return { kind, agentId: holder };
    return kind === 'group' ? { kind, group: holder, pattern } : { kind, agentId: holder, pattern };
  }

  /** The queue in words, for lists. */
  get words(): string {
    if (this.kind === 'agent') return `agent:${this.holder}`;
    return this.kind === 'group' ? `group ${this.holder} ${this.pattern}` : `${this.holder} ${this.pattern}`;
  }

  get waiting(): number {
    return this.content?.waiting ?? 0;
  }

  get waitingBytes(): number {
    return this.content?.waitingBytes ?? 0;
  }

  /** Everything up to here is committed, so that it may be delivered. */
  get visibleTo(): number {
    return this.content?.visibleTo ?? this.nextSequence - 1;
  }

  /** The content, made where there is none. */
  fill(): QueueContent {
    return (this.content ??= new QueueContent(this.nextSequence - 1));
  }
}

/** Number of the queue of an id; -1 for what is none. */
export function queueIndexOf(queueId: string): number {
  const index = Number.parseInt(queueId, 36);
  return Number.isSafeInteger(index) && index.toString(36) === queueId ? index : -1;
}
