/** The environment of delivery on virtual time: nothing happens unless a test says so. Not part of the product. */
import { seededRandom } from '@sealane/shared/testing';
import { setImmediate as turn } from 'node:timers/promises';
import type { DeliveryEnvironment } from '../../src/delivery/index.ts';

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

/** The wall clock at the beginning: any day will do. */
const START_AT = 1_800_000_000_000;

export class VirtualEnvironment implements DeliveryEnvironment {
  #now = 0;
  #ids = 0;
  readonly #timers = new Set<Timer>();
  readonly #random: () => number;
  /** How far the wall clock is ahead of what it should show. */
  wallJumpMs = 0;

  constructor(seed = 1) {
    const bytes = seededRandom(seed);
    this.#random = () => new DataView(bytes(4).buffer).getUint32(0) / 2 ** 32;
  }

  readonly now = (): number => this.#now;
  readonly wallClock = (): number => START_AT + Math.floor(this.#now) + this.wallJumpMs;
  readonly random = (): number => this.#random();
  readonly newEventId = (): string => `server-${String(++this.#ids)}`;
  readonly defer = (run: () => void): void => queueMicrotask(run);
  readonly schedule = (delayMs: number, run: () => void): { cancel: () => void } => {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  };

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let count = 0; count < 3; count++) await turn();
  }

  /** Lets time pass, timer by timer. */
  async pass(ms: number): Promise<void> {
    await this.settle();
    const end = this.#now + ms;
    for (let next = this.#next(end); next !== undefined; next = this.#next(end)) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.run();
      await this.settle();
    }
    this.#now = end;
  }

  /** Time passes, but nothing of this program runs meanwhile: as when the process is stopped. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
    await this.pass(0);
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    return first;
  }
}
