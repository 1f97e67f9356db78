/** Events that wait for the owner of a session, in order. Empty, it holds one empty array. */
import type { SessionEvent } from './events.ts';

export class EventQueue {
  #events: SessionEvent[] = [];
  #next = 0;

  push(event: SessionEvent): void {
    this.#events.push(event);
  }

  /** The oldest event, or undefined when there is none. */
  take(): SessionEvent | undefined {
    if (this.#next >= this.#events.length) return undefined;
    const event = this.#events[this.#next++];
    if (this.#next === this.#events.length) {
      this.#events = [];
      this.#next = 0;
    }
    return event;
  }
}
