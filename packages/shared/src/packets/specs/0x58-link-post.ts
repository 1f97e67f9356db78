import { LINK_BODY_BYTES_MAX, LINK_ID_BYTES, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x58: hands something sealed to the device that waits under a link id. */
export const linkPostSpec = definePacket({
  id: 0x58,
  name: 'Link Post',
  since: 3,
  sender: 'agent',
  summary: 'Hands something sealed to the device that waits under a link id.',
  page: 'protocols/messaging.md#10-linking-a-device',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    link: bytes({ size: LINK_ID_BYTES, meaning: 'The id from the code.' }),
    body: bytes({ min: 1, max: LINK_BODY_BYTES_MAX, meaning: 'Sealed for the device that shows the code.' }),
  },
});
