import {
  ADDRESS_BYTES_MAX,
  BODY_BYTES_MAX,
  CONTENT_TYPE_BYTES_MAX,
  NAME_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
} from '../limits.ts';
import { bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x20: asks the other side, or another agent through the server, to do something. */
export const requestSpec = definePacket({
  id: 0x20,
  name: 'Request',
  since: 1,
  sender: 'both',
  summary: 'Asks the other side, or through the server another agent, to do something and to answer.',
  page: 'protocols/requests.md#1-requests',
  fields: {
    requestId: uint({
      min: 1,
      max: UINT_MAX,
      meaning: 'Chosen by the sender, larger than every earlier one of the same side.',
    }),
    name: text({ max: NAME_BYTES_MAX, meaning: 'What is asked; the receiver chooses its handler by it.' }),
    body: bytes({ max: BODY_BYTES_MAX, meaning: 'The content, in the form that content_type names.' }),
    contentType: optional(
      text({ max: CONTENT_TYPE_BYTES_MAX, meaning: 'Media type of the body (RFC 6838); nil for plain bytes.' }),
    ),
    timeoutMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'How long the sender still waits, 0 when it named no deadline.',
    }),
    to: optional(
      text({ max: ADDRESS_BYTES_MAX, meaning: 'The agent that shall answer, `agent:ID`; nil for the peer itself.' }),
    ),
    from: optional(
      text({
        max: ADDRESS_BYTES_MAX,
        meaning: 'The agent that asks, `agent:ID`; set by the server only, refused from an agent.',
      }),
    ),
  },
});
