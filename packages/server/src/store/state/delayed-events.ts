/** DelayedEvents: events that are not due yet, by the time at which they are. */

export interface DelayedEvent {
  /** Position in the log of events. */
  readonly sequence: number;
  readonly dueAt: number;
  /** Of the event in the pool. */
  readonly slot: number;
  readonly to: string;
}

/** Events of all producers together that may wait for their time. */
export const DELAYED_EVENTS_MAX = 1_000_000;

export class DelayedEvents {
  readonly #bySequence = new Map<number, DelayedEvent>();
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

  add(event: DelayedEvent): void {
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
    if (this.#bySequence.delete(sequence)) this.changed.push(sequence);
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
