import { ERROR_CODE_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x5c: answers a call that could not be done. */
export const callFailedSpec = definePacket({
  id: 0x5c,
  name: 'Call Failed',
  since: 3,
  sender: 'server',
  summary: 'Answers a call that could not be done.',
  page: 'protocols/messaging.md#1-calls',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    code: uint({ min: 1, max: ERROR_CODE_MAX, meaning: 'Number of the error.' }),
    retryAfterMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'When a new attempt is welcome; 0 where it is of no use.',
    }),
    epoch: uint({ max: UINT_MAX, meaning: 'Present epoch of the group, after `E_STALE_EPOCH`; else 0.' }),
  },
});
