import { expect, it } from '@jest/globals';
import { EVENT_BYTES_MIN, decodeEvent, encodeEvent, eventKey, eventOfKey } from './event-body.ts';

const event = { publisher: 4_711, counter: 3_000_000_000, dueAt: 1_790_000_000_123.5 };

it('an event of the load carries its fields in any size', () => {
  expect(decodeEvent(encodeEvent(event, EVENT_BYTES_MIN))).toEqual(event);
  expect(decodeEvent(encodeEvent(event, 1_000))).toEqual(event);
  expect(eventOfKey(eventKey(event))).toEqual({ publisher: event.publisher, counter: event.counter });
});

it.each([0, 5, 9, 13, 20, 99])('a change of byte %i is seen', (index) => {
  const body = encodeEvent(event, 100);
  body[index] = (body[index] ?? 0) ^ 1;
  expect(decodeEvent(body)).toBeUndefined();
});

it('a shortened event is seen', () => {
  expect(decodeEvent(encodeEvent(event, 100).subarray(0, 90))).toBeUndefined();
  expect(decodeEvent(new Uint8Array(3))).toBeUndefined();
});
