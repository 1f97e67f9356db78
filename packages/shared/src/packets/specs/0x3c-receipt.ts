import { ERROR_CODE_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x3C: what became of published events. */
export const receiptSpec = definePacket({
  id: 0x3c,
  name: 'Receipt',
  since: 2,
  sender: 'server',
  summary: 'Says what became of published events: stored, or refused with a code.',
  page: 'protocols/delivery.md#3-publishing',
  fields: {
    producer: uint({ min: 1, max: UINT32_MAX, meaning: 'The outbox, by the handle that Producer Open chose.' }),
    number: uint({ min: 1, max: UINT_MAX, meaning: 'Number of the first event that it is for.' }),
    count: uint({
      min: 1,
      max: UINT32_MAX,
      unit: 'events',
      meaning: 'How many it is for: number, number + 1 and so on; 1 for a refusal.',
    }),
    sequence: uint({
      max: UINT_MAX,
      meaning: 'Position of the first event in the log; the others follow it one by one. 0 for a refusal.',
    }),
    durability: uint({ max: 1, meaning: '0 durable: on disk before this was sent; 1 relaxed. 0 for a refusal.' }),
    code: uint({ max: ERROR_CODE_MAX, meaning: 'Zero for stored, else the error number (`docs/errors.md`).' }),
    retryAfterMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long another attempt is welcome; 0 when none is of use.',
    }),
  },
});
