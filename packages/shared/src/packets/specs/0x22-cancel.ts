import { UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x22: the answer is no longer wanted. */
export const cancelSpec = definePacket({
  id: 0x22,
  name: 'Cancel',
  since: 1,
  sender: 'both',
  summary: 'Gives a request up: the receiver stops its work and answers no more. Cancel itself is not answered.',
  page: 'protocols/requests.md#4-cancel',
  fields: {
    requestId: uint({ min: 1, max: UINT_MAX, meaning: 'The request that is withdrawn.' }),
  },
});
