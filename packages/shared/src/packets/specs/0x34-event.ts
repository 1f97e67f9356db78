import {
  ADDRESS_BYTES_MAX,
  CONTENT_TYPE_BYTES_MAX,
  EVENT_BODY_BYTES_MAX,
  EVENT_ID_BYTES_MAX,
  TOPIC_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x34: one delivery of one event. */
export const eventSpec = definePacket({
  id: 0x34,
  name: 'Event',
  since: 2,
  sender: 'server',
  summary: 'Delivers one event of a subscription.',
  page: 'protocols/delivery.md#5-deliveries',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    sequence: uint({
      min: 1,
      max: UINT_MAX,
      meaning: 'Position of the event in the subscription; the same in every attempt.',
    }),
    attempt: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Which delivery of the event this is; from 2 on the agent may have seen it before.',
    }),
    eventId: text({ max: EVENT_ID_BYTES_MAX, meaning: 'Id that its producer gave it, unique within from.' }),
    publishedAt: uint({ max: UINT_MAX, unit: 'ms', meaning: 'When the server took it, since 1970-01-01 UTC.' }),
    from: text({ max: ADDRESS_BYTES_MAX, meaning: 'Who published it: `agent:ID`, or `server`.' }),
    topic: optional(
      text({
        max: TOPIC_BYTES_MAX,
        meaning: 'The topic it was published to; nil for an event addressed to the agent.',
      }),
    ),
    body: bytes({ max: EVENT_BODY_BYTES_MAX, meaning: 'The content, in the form that content_type names.' }),
    contentType: optional(
      text({ max: CONTENT_TYPE_BYTES_MAX, meaning: 'Media type of the body (RFC 6838); nil for plain bytes.' }),
    ),
  },
});
