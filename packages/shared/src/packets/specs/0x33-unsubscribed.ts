import { ERROR_CODE_MAX, UINT32_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x33: a subscription is refused or over. */
export const unsubscribedSpec = definePacket({
  id: 0x33,
  name: 'Unsubscribed',
  since: 2,
  sender: 'server',
  summary:
    'A subscription delivers no more: as the agent asked, because Subscribe was refused, or because the server ended it.',
  page: 'protocols/delivery.md#4-subscribing',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    code: uint({ max: ERROR_CODE_MAX, meaning: 'Zero as asked, else the error number (`docs/errors.md`).' }),
    retryAfterMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long another attempt is welcome; 0 when none is of use.',
    }),
  },
});
