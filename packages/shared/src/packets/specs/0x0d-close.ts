import { ERROR_CODE_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x0D: the authenticated end of a connection. */
export const closeSpec = definePacket({
  id: 0x0d,
  name: 'Close',
  since: 1,
  sender: 'both',
  summary:
    'The authenticated end: the sender sends nothing after it, the receiver answers with its own Close. A connection that ends without it was truncated.',
  page: 'protocols/records.md#7-end-of-a-connection',
  fields: {
    code: uint({
      max: ERROR_CODE_MAX,
      meaning: 'Zero for a normal end, otherwise an error number (`docs/errors.md`).',
    }),
  },
});
