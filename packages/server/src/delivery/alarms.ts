/**
 * Alarms: who wants to be called at which time, behind one timer of the environment. Setting an alarm that is set costs
 * nothing where the new time is later: whoever is called too early sets it again. So a deadline of every event costs no
 * timer of its own.
 */
import type { DeliveryEnvironment, ScheduledCall } from './environment.ts';

/** Who is called. */
export interface AlarmOwner {
  /** @param lateMs how much later than asked for: large when this program slept. */
  onAlarm(now: number, lateMs: number): void;
}

/** One owner's alarm. */
export class Alarm {
  readonly owner: AlarmOwner;
  /** Monotonic ms; Infinity when it is not set. */
  at = Number.POSITIVE_INFINITY;
  /** Place in the heap; -1 when it is not set. */
  index = -1;

  constructor(owner: AlarmOwner) {
    this.owner = owner;
  }
}

export class Alarms {
  readonly #environment: DeliveryEnvironment;
  /** Binary heap: the earliest stands first. */
  readonly #heap: Alarm[] = [];
  #timer: ScheduledCall | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(environment: DeliveryEnvironment) {
    this.#environment = environment;
  }

  /** Has the owner called at `at` or, where it is set already, at the earlier of both times. */
  setBy(alarm: Alarm, at: number): void {
    if (at >= alarm.at) return;
    alarm.at = at;
    if (alarm.index < 0) alarm.index = this.#heap.push(alarm) - 1;
    this.#rise(alarm);
    this.#arm();
  }

  clear(alarm: Alarm): void {
    if (alarm.index < 0) return;
    const last = this.#heap.pop();
    if (last !== undefined && last !== alarm) {
      this.#place(last, alarm.index);
      this.#rise(last);
      this.#sink(last);
    }
    alarm.index = -1;
    alarm.at = Number.POSITIVE_INFINITY;
  }

  /** Nobody is called any more. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const alarm of this.#heap.splice(0)) {
      alarm.index = -1;
      alarm.at = Number.POSITIVE_INFINITY;
    }
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#environment.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      const lateMs = now - first.at;
      this.clear(first);
      first.owner.onAlarm(now, lateMs);
    }
    this.#arm();
  };

  #arm(): void {
    const at = this.#heap[0]?.at;
    if (at === undefined || at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#environment.schedule(Math.max(0, Math.ceil(at - this.#environment.now())), this.#onTimer);
  }

  #rise(alarm: Alarm): void {
    let index = alarm.index;
    while (index > 0) {
      const parent = this.#heap[(index - 1) >> 1];
      if (parent === undefined || parent.at <= alarm.at) break;
      this.#place(parent, index);
      index = (index - 1) >> 1;
    }
    this.#place(alarm, index);
  }

  #sink(alarm: Alarm): void {
    let index = alarm.index;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      const child = right !== undefined && left !== undefined && right.at < left.at ? right : left;
      if (child === undefined || child.at >= alarm.at) break;
      const childIndex = child.index;
      this.#place(child, index);
      index = childIndex;
    }
    this.#place(alarm, index);
  }

  #place(alarm: Alarm, index: number): void {
    this.#heap[index] = alarm;
    alarm.index = index;
  }
}
