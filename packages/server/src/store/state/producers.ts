/**
 * ProducerTable: the outboxes of all agents: the highest number stored of each, and the receipts that may be asked for
 * again (docs/protocols/delivery.md §3). An agent has a bounded number of them; the one unused longest makes room.
 */
import type { ProducerRef } from '../store.ts';
import { ReceiptRing, type StoredReceipt } from './receipt-ring.ts';

/** One outbox. */
export class Producer {
  /** Number of the outbox in this store, never used again. */
  readonly index: number;
  readonly agentId: string;
  readonly producerId: string;
  /** Highest number that is stored. */
  number = 0;
  /** Up to here nothing is known any more but that it was stored, or given up: the agent has these receipts. */
  settledNumber = 0;
  /** Position in the log of what it stored last. */
  usedAt = 0;
  readonly receipts = new ReceiptRing();
  /** It differs from what the last checkpoint wrote. */
  isDirty = false;
  isDeleted = false;

  constructor(index: number, { agentId, producerId }: ProducerRef) {
    this.index = index;
    this.agentId = agentId;
    this.producerId = producerId;
  }

  /** Takes note of a stored event; one that was noted before stays as it is. */
  note(number: number, settledNumber: number, receipt: StoredReceipt): void {
    const isNew = number > this.number || (number > this.settledNumber && this.receipts.find(number) === undefined);
    if (!isNew) return;
    this.number = Math.max(this.number, number);
    this.usedAt = receipt.sequence;
    const dropped = this.receipts.insert(number, receipt);
    this.settleTo(Math.max(dropped, Math.min(settledNumber, number - 1)));
  }

  settleTo(number: number): void {
    if (number <= this.settledNumber) return;
    this.settledNumber = number;
    this.receipts.dropTo(number);
  }
}

/** Outboxes that are known of one agent. */
export const PRODUCERS_PER_AGENT_MAX = 64;

export class ProducerTable {
  readonly #byAgent = new Map<string, Producer[]>();
  readonly #byIndex = new Map<number, Producer>();
  nextIndex = 0;

  find({ agentId, producerId }: ProducerRef): Producer | undefined {
    const producers = this.#byAgent.get(agentId);
    if (producers === undefined) return undefined;
    for (const producer of producers) if (producer.producerId === producerId) return producer;
    return undefined;
  }

  at(index: number): Producer | undefined {
    return this.#byIndex.get(index);
  }

  ofAgent(agentId: string): readonly Producer[] {
    return this.#byAgent.get(agentId) ?? [];
  }

  /** Adds an outbox where it is not known yet. */
  add(index: number, ref: ProducerRef): Producer {
    const known = this.#byIndex.get(index);
    if (known !== undefined) return known;
    const producer = new Producer(index, ref);
    this.nextIndex = Math.max(this.nextIndex, index + 1);
    this.#byIndex.set(index, producer);
    const others = this.#byAgent.get(ref.agentId);
    if (others === undefined) this.#byAgent.set(ref.agentId, [producer]);
    else others.push(producer);
    return producer;
  }

  delete(producer: Producer): void {
    producer.isDeleted = true;
    this.#byIndex.delete(producer.index);
    const others = this.ofAgent(producer.agentId).filter((each) => each !== producer);
    if (others.length === 0) this.#byAgent.delete(producer.agentId);
    else this.#byAgent.set(producer.agentId, others);
  }

  /** Whom a new outbox of this agent replaces, where it has as many as it may. */
  toReplace(agentId: string): Producer | undefined {
    const producers = this.ofAgent(agentId);
    if (producers.length < PRODUCERS_PER_AGENT_MAX) return undefined;
    return producers.reduce((oldest, each) => (each.usedAt < oldest.usedAt ? each : oldest));
  }
}
