/**
 * Checker: what must hold of a whole run, whatever went wrong in it (docs/reliability.md). Not part of the product.
 *
 *   1. what has a receipt is delivered in the end        2. nothing is delivered that was not published
 *   3. first deliveries of a subscription come in order   4. its sequences are gapless, skips included
 *   5. what was acked, and the ack taken, stays away      6. repetitions have the same id and bytes
 *   7. what was delivered comes again until it is done, or is announced as skipped
 */
import type { Event, Skipped } from '@sealane/shared/packets';

interface Published {
  readonly to: string;
  readonly body: string;
}

interface SubscriptionLog {
  /** What came under each sequence. */
  readonly events: Map<number, { readonly id: string; readonly body: string }>;
  readonly skipped: Set<number>;
  /** Sequences whose ack was taken by a server that lived on. */
  readonly acked: Set<number>;
  /** Sequences that an agent was done with. */
  readonly done: Set<number>;
  /** The highest sequence seen for the first time. */
  firstTo: number;
}

export class Checker {
  readonly faults: string[] = [];
  readonly #published = new Map<string, Published>();
  readonly #receipted = new Set<string>();
  readonly #logs = new Map<string, SubscriptionLog>();

  published(id: string, to: string, body: string): void {
    this.#published.set(id, { to, body });
  }

  /** An event has its receipt. */
  receipted(id: string): void {
    this.#receipted.add(id);
  }

  /** @param subscription name of the durable subscription, whatever connection it is on. */
  delivered(subscription: string, { sequence, eventId, body, attempt }: Event): void {
    const log = this.#log(subscription);
    const text = new TextDecoder().decode(body);
    const published = this.#published.get(eventId);
    if (published?.body !== text) this.#fault(`${subscription} got ${eventId}, which was not published like this`);
    const before = log.events.get(sequence);
    if (before !== undefined) {
      if (before.id !== eventId || before.body !== text) this.#fault(`${subscription} ${sequence} changed`);
      if (attempt < 2) this.#fault(`${subscription} ${sequence} came again as attempt ${attempt}`);
      if (log.acked.has(sequence)) this.#fault(`${subscription} ${sequence} came again after its ack`);
      return;
    }
    if (log.skipped.has(sequence)) this.#fault(`${subscription} ${sequence} came after it was skipped`);
    if (sequence < log.firstTo) this.#fault(`${subscription} ${sequence} came first after ${log.firstTo}`);
    log.firstTo = Math.max(log.firstTo, sequence);
    log.events.set(sequence, { id: eventId, body: text });
  }

  skipped(subscription: string, { from, to }: Skipped): void {
    const log = this.#log(subscription);
    for (let sequence = from; sequence <= to; sequence++) log.skipped.add(sequence);
    log.firstTo = Math.max(log.firstTo, to);
  }

  /** An agent is done with an event, whether or not its ack arrives. */
  done(subscription: string, sequence: number): void {
    this.#log(subscription).done.add(sequence);
  }

  /** The server took an ack and has not crashed since. */
  acked(subscription: string, sequence: number): void {
    this.#log(subscription).acked.add(sequence);
  }

  /** The server crashed: acks that were not on its disk are forgotten, which is allowed. */
  crashed(): void {
    for (const { acked } of this.#logs.values()) acked.clear();
  }

  /** @param reaches whether a subscription takes events of an address. @returns what is wrong. */
  finish(reaches: (subscription: string, to: string) => boolean): readonly string[] {
    for (const [name, log] of this.#logs) {
      for (let sequence = 1; sequence <= log.firstTo; sequence++) {
        if (log.skipped.has(sequence)) continue;
        if (!log.events.has(sequence)) this.#fault(`${name} ${sequence} never came`);
        else if (!log.done.has(sequence)) this.#fault(`${name} ${sequence} was never done`);
      }
      const ids = new Set([...log.events.values()].map(({ id }) => id));
      if (ids.size !== log.events.size) this.#fault(`${name} has an event under two sequences`);
      for (const id of this.#receipted) {
        const to = this.#published.get(id)?.to ?? '';
        if (reaches(name, to) && !ids.has(id)) this.#fault(`${name} never got ${id}`);
      }
    }
    return this.faults;
  }

  #fault(what: string): void {
    if (this.faults.length < 20) this.faults.push(what);
  }

  #log(subscription: string): SubscriptionLog {
    let log = this.#logs.get(subscription);
    if (log === undefined) {
      log = { events: new Map(), skipped: new Set(), acked: new Set(), done: new Set(), firstTo: 0 };
      this.#logs.set(subscription, log);
    }
    return log;
  }
}
