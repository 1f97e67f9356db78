import { UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x35: an event is done with. */
export const eventAckSpec = definePacket({
  id: 0x35,
  name: 'Event Ack',
  since: 2,
  sender: 'agent',
  summary: 'The agent is done with an event, or has taken note of skipped sequences.',
  page: 'protocols/delivery.md#5-deliveries',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    sequence: uint({ min: 1, max: UINT_MAX, meaning: 'Sequence of the delivery, or the last one of a Skipped.' }),
    attempt: uint({ max: UINT32_MAX, meaning: 'Attempt of the delivery; 0 for a Skipped.' }),
  },
});
