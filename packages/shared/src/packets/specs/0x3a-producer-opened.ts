import { ERROR_CODE_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x3A: an outbox is known, or refused. */
export const producerOpenedSpec = definePacket({
  id: 0x3a,
  name: 'Producer Opened',
  since: 2,
  sender: 'server',
  summary: 'Answers Producer Open and says which events of the outbox are stored.',
  page: 'protocols/delivery.md#3-publishing',
  fields: {
    producer: uint({ min: 1, max: UINT32_MAX, meaning: 'The outbox, by the handle that Producer Open chose.' }),
    number: uint({ max: UINT_MAX, meaning: 'The highest number of this outbox that is stored; 0 for none.' }),
    code: uint({
      max: ERROR_CODE_MAX,
      meaning: 'Zero, or the error number (`docs/errors.md`) with which the outbox is refused.',
    }),
    retryAfterMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long another attempt is welcome; 0 when none is of use.',
    }),
  },
});
