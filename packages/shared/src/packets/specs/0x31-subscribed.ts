import { LINEAGE_BYTES, UINT32_MAX, UINT_MAX, WINDOW_EVENTS_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x31: the subscription is open. */
export const subscribedSpec = definePacket({
  id: 0x31,
  name: 'Subscribed',
  since: 2,
  sender: 'server',
  summary: 'Grants a Subscribe and says where the subscription stands. Deliveries follow.',
  page: 'protocols/delivery.md#4-subscribing',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    lineage: bytes({
      size: LINEAGE_BYTES,
      meaning: 'Names the life of the queue: under another lineage sequences mean other events.',
    }),
    cursor: uint({ max: UINT_MAX, meaning: 'Every sequence up to this one is settled at the server.' }),
    nextSequence: uint({ min: 1, max: UINT_MAX, meaning: 'The sequence that the next new event gets.' }),
    waiting: uint({ max: UINT_MAX, unit: 'events', meaning: 'Events that wait in the queue, delivered or not.' }),
    windowEvents: uint({
      min: 1,
      max: WINDOW_EVENTS_MAX,
      unit: 'events',
      meaning: 'Deliveries without an ack that the server sends at most.',
    }),
    ackWaitMs: uint({ min: 1, max: UINT32_MAX, unit: 'ms', meaning: 'How long the server waits for an ack.' }),
    durability: uint({
      max: 1,
      meaning: '0 what is settled is stored before it counts, 1 the server may lose a short while of it.',
    }),
  },
});
