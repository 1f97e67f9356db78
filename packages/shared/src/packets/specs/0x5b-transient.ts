import { GROUP_ID_BYTES, MESSAGE_BODY_BYTES_MAX, UINT_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x5b: a message that was not stored: typing, for one. */
export const transientSpec = definePacket({
  id: 0x5b,
  name: 'Transient',
  since: 3,
  sender: 'server',
  summary: 'A message that was not stored: typing, for one.',
  page: 'protocols/messaging.md#7-messages',
  fields: {
    group: bytes({ size: GROUP_ID_BYTES, meaning: 'The group.' }),
    epoch: uint({ max: UINT_MAX, meaning: 'The epoch that it is sealed in.' }),
    body: bytes({ min: 1, max: MESSAGE_BODY_BYTES_MAX, meaning: 'The PrivateMessage.' }),
  },
});
