import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Alarm, Alarms, type AlarmOwner } from './alarms.ts';

/** Time that a test moves, with the one timer that alarms use. */
class TestTime {
  now = 0;
  timers = 0;
  #timer: { readonly at: number; readonly run: () => void } | undefined;

  readonly environment = {
    now: () => this.now,
    wallClock: () => this.now,
    random: () => 0,
    newEventId: () => '',
    defer: queueMicrotask,
    schedule: (delayMs: number, run: () => void) => {
      const timer = { at: this.now + delayMs, run };
      this.timers += 1;
      this.#timer = timer;
      return {
        cancel: () => {
          if (this.#timer === timer) this.#timer = undefined;
        },
      };
    },
  };

  pass(ms: number): void {
    const end = this.now + ms;
    for (let next = this.#timer; next !== undefined && next.at <= end; next = this.#timer) {
      this.now = Math.max(this.now, next.at);
      this.#timer = undefined;
      next.run();
    }
    this.now = end;
  }
}

class Owner implements AlarmOwner {
  readonly calls: { readonly at: number; readonly lateMs: number }[] = [];

  onAlarm(at: number, lateMs: number): void {
    this.calls.push({ at, lateMs });
  }
}

describe('Alarms', () => {
  it('each owner is called once, at the earliest time that it was set to, and in order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ owner: fc.nat(9), at: fc.integer({ min: 1, max: 1_000 }), clear: fc.boolean() })),
        (steps) => {
          const time = new TestTime();
          const alarms = new Alarms(time.environment);
          const owners = Array.from({ length: 10 }, () => new Owner());
          const all = owners.map((owner) => new Alarm(owner));
          const wanted = new Map<number, number>();
          for (const { owner, at, clear } of steps) {
            if (clear) {
              alarms.clear(all[owner]!);
              wanted.delete(owner);
            } else {
              alarms.setBy(all[owner]!, at);
              wanted.set(owner, Math.min(at, wanted.get(owner) ?? Infinity));
            }
          }
          time.pass(2_000);
          for (const [index, { calls }] of owners.entries()) {
            const at = wanted.get(index);
            expect(calls).toEqual(at === undefined ? [] : [{ at, lateMs: 0 }]);
          }
        },
      ),
    );
  });

  it('says how late it is, and arms no timer for a time that is later than the one it has', () => {
    const time = new TestTime();
    const alarms = new Alarms(time.environment);
    const owner = new Owner();
    alarms.setBy(new Alarm(owner), 100);
    for (let at = 200; at < 300; at++) alarms.setBy(new Alarm(new Owner()), at);
    expect(time.timers).toBe(1);
    time.now = 5_000;
    time.pass(0);
    expect(owner.calls).toEqual([{ at: 5_000, lateMs: 4_900 }]);
  });

  it('nobody is called after it stopped', () => {
    const time = new TestTime();
    const alarms = new Alarms(time.environment);
    const owner = new Owner();
    alarms.setBy(new Alarm(owner), 100);
    alarms.stop();
    time.pass(1_000);
    expect(owner.calls).toEqual([]);
  });
});
