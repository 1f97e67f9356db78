import { NACK_REASON_BYTES_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, text, uint } from '../spec.ts';

/** 0x36: an event could not be handled. */
export const eventNackSpec = definePacket({
  id: 0x36,
  name: 'Event Nack',
  since: 2,
  sender: 'agent',
  summary: 'The agent could not handle an event: the server delivers it again later.',
  page: 'protocols/delivery.md#5-deliveries',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    sequence: uint({ min: 1, max: UINT_MAX, meaning: 'Position of the event in the subscription.' }),
    attempt: uint({ min: 1, max: UINT32_MAX, meaning: 'Attempt of the delivery.' }),
    delayMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long to deliver it again; 0 for the back-off of the server.',
    }),
    reason: text({
      min: 0,
      max: NACK_REASON_BYTES_MAX,
      meaning: 'Why, for whoever reads the dead letter; may be empty.',
    }),
  },
});
