import { describe, expect, it } from '@jest/globals';
import { DELAYED_BYTES_PER_PUBLISHER_MAX, DELAYED_EVENTS_PER_PUBLISHER_MAX } from '../limits.ts';
import { DelayedEvents } from './delayed-events.ts';

function fill(delayed: DelayedEvents, count: number, bytes: number): void {
  for (let sequence = 1; sequence <= count; sequence++)
    delayed.add({ sequence, dueAt: sequence, slot: 0, to: 'topic:a', from: 'agent:ann', bytes });
}

describe('DelayedEvents', () => {
  it('R10: one publisher has its share, and nobody else is refused because of it', () => {
    const delayed = new DelayedEvents();
    fill(delayed, DELAYED_EVENTS_PER_PUBLISHER_MAX, 100);
    expect(delayed.hasRoom('agent:ann', 100)).toBe(false);
    expect(delayed.hasRoom('agent:bob', 100)).toBe(true);
    delayed.delete(7);
    delayed.delete(7);
    expect(delayed.hasRoom('agent:ann', 100)).toBe(true);
  });

  it('R10: the share is one of bytes too', () => {
    const delayed = new DelayedEvents();
    const bytes = DELAYED_BYTES_PER_PUBLISHER_MAX / 4;
    fill(delayed, 3, bytes);
    expect(delayed.hasRoom('agent:ann', bytes)).toBe(true);
    expect(delayed.hasRoom('agent:ann', bytes + 1)).toBe(false);
    expect(delayed.hasRoom('agent:bob', bytes + 1)).toBe(true);
  });
});
