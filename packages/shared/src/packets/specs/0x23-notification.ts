import { BODY_BYTES_MAX, CONTENT_TYPE_BYTES_MAX, NAME_BYTES_MAX } from '../limits.ts';
import { bytes, definePacket, optional, text } from '../spec.ts';

/** 0x23: tells the other side something and wants no answer. */
export const notificationSpec = definePacket({
  id: 0x23,
  name: 'Notification',
  since: 1,
  sender: 'both',
  summary: 'Tells the other side something and wants no answer. It arrives once, in order, unless the connection ends.',
  page: 'protocols/requests.md#5-notifications',
  fields: {
    name: text({
      max: NAME_BYTES_MAX,
      meaning: 'What is told; the receiver chooses its handler by it and ignores names it does not know.',
    }),
    body: bytes({ max: BODY_BYTES_MAX, meaning: 'The content, in the form that content_type names.' }),
    contentType: optional(
      text({ max: CONTENT_TYPE_BYTES_MAX, meaning: 'Media type of the body (RFC 6838); nil for plain bytes.' }),
    ),
  },
});
