/** Members: who takes from one queue on this node, and whose turn it is. */
import type { Lease } from '../store/index.ts';
import type { Consumer } from './consumer.ts';
import type { Holder } from './unsettled.ts';

export class Members {
  readonly #all: Consumer[] = [];
  /** The windows of all together. */
  windowEvents = 0;
  /** Who is asked first for the next delivery. */
  #turn = 0;

  get all(): readonly Consumer[] {
    return this.#all;
  }

  /** The one there is; undefined where there are none or several. */
  get only(): Consumer | undefined {
    return this.#all.length === 1 ? this.#all[0] : undefined;
  }

  /** The lease of the first that has one which counts. */
  get lease(): Lease | undefined {
    for (const { attachment } of this.#all) if (!attachment.isFenced && attachment.lease) return attachment.lease;
    return undefined;
  }

  has(consumer: Consumer): boolean {
    return this.#all.includes(consumer);
  }

  add(consumer: Consumer): void {
    this.#all.push(consumer);
    this.windowEvents += consumer.windowEvents;
  }

  delete(consumer: Consumer): void {
    const index = this.#all.indexOf(consumer);
    if (index < 0) return;
    this.#all.splice(index, 1);
    this.windowEvents -= consumer.windowEvents;
  }

  clear(): void {
    this.#all.length = 0;
    this.windowEvents = 0;
  }

  /** Who is to have the next delivery, if anybody has room: rather not who had it, and nobody who is stalled. */
  pick(previous: Holder | undefined): Consumer | undefined {
    const members = this.#all;
    const { only } = this;
    if (only !== undefined) return only.hasRoom ? only : undefined;
    let secondChoice: Consumer | undefined;
    let hasHealthy = false;
    for (let index = 0; index < members.length; index++) {
      const member = members[(this.#turn + index) % members.length];
      if (member === undefined) continue;
      hasHealthy ||= !member.isStalled;
      if (!member.hasRoom) continue;
      if (!member.isStalled && member !== previous) {
        this.#turn = (this.#turn + index + 1) % members.length;
        return member;
      }
      if (secondChoice?.isStalled !== false) secondChoice = member;
    }
    return hasHealthy && secondChoice?.isStalled === true ? undefined : secondChoice;
  }
}
