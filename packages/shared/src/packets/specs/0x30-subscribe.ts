import {
  DONE_BITMAP_BYTES_MAX,
  GROUP_BYTES_MAX,
  LINEAGE_BYTES,
  TOPIC_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
  WINDOW_EVENTS_MAX,
} from '../limits.ts';
import { bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x30: takes the deliveries of a durable subscription. */
export const subscribeSpec = definePacket({
  id: 0x30,
  name: 'Subscribe',
  since: 2,
  sender: 'agent',
  summary: 'Takes deliveries of a durable subscription from now on, and makes the subscription where there is none.',
  page: 'protocols/delivery.md#4-subscribing',
  fields: {
    subscription: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Handle of the subscription on this connection, chosen by the agent.',
    }),
    topic: optional(
      text({
        max: TOPIC_BYTES_MAX,
        meaning: 'Pattern of the topics wanted; nil for the events addressed to the agent.',
      }),
    ),
    group: optional(
      text({
        max: GROUP_BYTES_MAX,
        meaning: 'The queue group that shares the subscription; nil for one of the agent alone.',
      }),
    ),
    windowEvents: uint({
      min: 1,
      max: WINDOW_EVENTS_MAX,
      unit: 'events',
      meaning: 'How many deliveries without an ack the agent takes at once; the server may grant fewer.',
    }),
    ackWaitMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'How long the server waits for an ack before it delivers again; 0 for its own time.',
    }),
    lineage: optional(
      bytes({
        size: LINEAGE_BYTES,
        meaning: 'Lineage to which cursor and done_bitmap belong; nil for an agent that has no cursor.',
      }),
    ),
    cursor: uint({ max: UINT_MAX, meaning: 'The agent is done with every sequence up to this one; 0 for none.' }),
    doneBitmap: bytes({
      max: DONE_BITMAP_BYTES_MAX,
      meaning:
        'Bit i, the lowest of the first byte being 0, is set where the agent is done with sequence cursor + 1 + i.',
    }),
  },
});
