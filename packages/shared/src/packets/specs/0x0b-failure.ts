import { ERROR_CODE_MAX, UINT32_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x0B: the connection ends because of an error. */
export const failureSpec = definePacket({
  id: 0x0b,
  name: 'Failure',
  since: 1,
  sender: 'both',
  summary: 'Says why the connection ends. The sender closes the connection after it; the receiver sends nothing more.',
  page: 'protocols/records.md#7-end-of-a-connection',
  fields: {
    code: uint({ min: 1, max: ERROR_CODE_MAX, meaning: 'The error number (`docs/errors.md`).' }),
    retryAfterMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long a new attempt is welcome, 0 when none is named.',
    }),
  },
});
