/** DelayedEvents: events that are not due yet, by the time at which they are; bounded for each publisher and for all. */
import { DELAYED_BYTES_PER_PUBLISHER_MAX, DELAYED_EVENTS_MAX, DELAYED_EVENTS_PER_PUBLISHER_MAX } from '../limits.ts';

export interface DelayedEvent {
  /** Position in the log of events. */
  readonly sequence: number;
  readonly dueAt: number;
  /** Of the event in the pool. */
  readonly slot: number;
  readonly to: string;
  /** Who published it; empty where an earlier version wrote it down. */
  readonly from: string;
  /** Of its record. */
  readonly bytes: number;
}

/** What one publisher has here. */
interface Share {
  readonly from: string;
  count: number;
  bytes: number;
}

export class DelayedEvents {
  readonly #bySequence = new Map<number, DelayedEvent>();
  readonly #shares = new Map<string, Share>();
  /** Binary heap, earliest first; holds some that are gone. */
  readonly #heap: DelayedEvent[] = [];
  /** Sequences that came or went since the last checkpoint. */
  changed: number[] = [];

  get size(): number {
    return this.#bySequence.size;
  }

  get all(): Iterable<DelayedEvent> {
    return this.#bySequence.values();
  }

  get(sequence: number): DelayedEvent | undefined {
    return this.#bySequence.get(sequence);
  }

  /** Whether one more of this publisher may wait. */
  hasRoom(from: string, bytes: number): boolean {
    const share = this.#shares.get(from);
    if (this.size >= DELAYED_EVENTS_MAX) return false;
    if (share === undefined) return true;
    return share.count < DELAYED_EVENTS_PER_PUBLISHER_MAX && share.bytes + bytes <= DELAYED_BYTES_PER_PUBLISHER_MAX;
  }

  add(added: DelayedEvent): void {
    const share = this.#shareOf(added.from);
    share.count += 1;
    share.bytes += added.bytes;
    // One text for all events of a publisher.
    const event = { ...added, from: share.from };
    this.#bySequence.set(event.sequence, event);
    this.changed.push(event.sequence);
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  /** Takes one out. @returns it, where it is there. */
  delete(sequence: number): DelayedEvent | undefined {
    const event = this.#bySequence.get(sequence);
    if (event === undefined) return undefined;
    this.#bySequence.delete(sequence);
    this.changed.push(sequence);
    const share = this.#shareOf(event.from);
    share.count -= 1;
    share.bytes -= event.bytes;
    if (share.count === 0) this.#shares.delete(event.from);
    return event;
  }

  /** The one that is due first. */
  first(): DelayedEvent | undefined {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (this.#bySequence.get(top.sequence) === top) return top;
      this.#dropTop();
    }
    return undefined;
  }

  #shareOf(from: string): Share {
    let share = this.#shares.get(from);
    if (share === undefined) this.#shares.set(from, (share = { from, count: 0, bytes: 0 }));
    return share;
  }

  #dropTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = heap[child];
      const right = heap[child + 1];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || isBefore(last, smaller)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: DelayedEvent, b: DelayedEvent): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.sequence < b.sequence);
}
