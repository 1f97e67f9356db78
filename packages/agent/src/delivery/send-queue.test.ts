import { describe, expect, it } from '@jest/globals';
import type { QueuedEvent } from './outbox.ts';
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_EVENTS_MAX, SendQueue } from './send-queue.ts';

const event = (number: number, to = 'topic:a', bytes = 1): QueuedEvent => ({
  number,
  to,
  eventId: null,
  contentType: null,
  body: new Uint8Array(bytes),
  ttlMs: 0,
  delayMs: 0,
  relaxed: false,
});

function filled(...events: readonly QueuedEvent[]): SendQueue {
  const queue = new SendQueue();
  for (const each of events) queue.push(each);
  return queue;
}

function sendAll(queue: SendQueue, now = 0): number[] {
  const numbers: number[] = [];
  for (let next = queue.next(now); next !== undefined; next = queue.next(now)) numbers.push(next.number);
  return numbers;
}

describe('SendQueue', () => {
  it('E11: what was in flight when the connection went is sent again, in order', () => {
    const queue = filled(event(1), event(2), event(3), event(4));
    expect(sendAll(queue)).toEqual([1, 2, 3, 4]);
    queue.take(2);
    queue.restart();
    queue.push(event(5));
    expect(sendAll(queue)).toEqual([1, 3, 4, 5]);
  });

  it('E3: so many events and bytes are in flight at once, and receipts make room', () => {
    const small = filled(...Array.from({ length: IN_FLIGHT_EVENTS_MAX + 1 }, (_, index) => event(index + 1)));
    expect(sendAll(small)).toHaveLength(IN_FLIGHT_EVENTS_MAX);
    small.take(1);
    expect(sendAll(small)).toEqual([IN_FLIGHT_EVENTS_MAX + 1]);
    const size = IN_FLIGHT_BYTES_MAX / 4;
    expect(sendAll(filled(...[1, 2, 3, 4, 5, 6].map((number) => event(number, 'topic:a', size))))).toHaveLength(4);
  });

  it('R10: a full address keeps its own events back, in order; others go on; one is tried first', () => {
    const full = 'agent:full';
    const queue = filled(event(1, full), event(2, full), event(3), event(4, full));
    expect(sendAll(queue)).toEqual([1, 2, 3, 4]);
    queue.hold(1, 100);
    queue.hold(2, 100);
    queue.hold(4, 100);
    queue.push(event(5, full));
    queue.push(event(6));
    expect(sendAll(queue, 50)).toEqual([6]);
    expect(queue.dueAt).toBe(100);
    expect(sendAll(queue, 100)).toEqual([1]);
    queue.hold(1, 200);
    expect(sendAll(queue, 199)).toEqual([]);
    expect(sendAll(queue, 200)).toEqual([1]);
    queue.take(1);
    expect(sendAll(queue, 200)).toEqual([2, 4, 5]);
  });

  it('6: a server that takes nothing gets the refused ones again, before all others and in order', () => {
    const queue = filled(event(1), event(2), event(3));
    expect(sendAll(queue)).toEqual([1, 2, 3]);
    queue.push(event(4));
    queue.pause(2, 500);
    expect(sendAll(queue, 600)).toEqual([]);
    queue.take(1);
    queue.pause(3, 500);
    expect(sendAll(queue, 499)).toEqual([]);
    expect(queue.dueAt).toBe(500);
    expect(sendAll(queue, 500)).toEqual([2, 3, 4]);
  });

  it('R10: with an address full for long, everything waits before numbers lie too far apart', () => {
    const queue = filled(event(1, 'agent:full'));
    sendAll(queue);
    queue.hold(1, 1_000);
    let sent = 0;
    for (let number = 2; number < 10_000; number++) {
      queue.push(event(number));
      const next = queue.next(0);
      if (next === undefined) break;
      queue.take(next.number);
      sent = next.number;
    }
    expect(sent).toBe(4_096);
    expect(sendAll(queue, 1_000)).toEqual([1]);
    queue.take(1);
    expect(sendAll(queue, 1_000)).toEqual([4_097]);
  });
});
