import { UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x37: an event is still worked on. */
export const eventProgressSpec = definePacket({
  id: 0x37,
  name: 'Event Progress',
  since: 2,
  sender: 'agent',
  summary: 'The agent still works on an event: the time for its ack starts anew.',
  page: 'protocols/delivery.md#5-deliveries',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    sequence: uint({ min: 1, max: UINT_MAX, meaning: 'Position of the event in the subscription.' }),
    attempt: uint({ min: 1, max: UINT32_MAX, meaning: 'Attempt of the delivery.' }),
  },
});
