import { SKIP_REASON_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x38: sequences that come without an event. */
export const skippedSpec = definePacket({
  id: 0x38,
  name: 'Skipped',
  since: 2,
  sender: 'server',
  summary: 'Announces sequences of a subscription that come without an event, in their place between the deliveries.',
  page: 'protocols/delivery.md#6-skipped-sequences',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    from: uint({ min: 1, max: UINT_MAX, meaning: 'First sequence that is skipped.' }),
    to: uint({ min: 1, max: UINT_MAX, meaning: 'Last sequence that is skipped, not below from.' }),
    reason: uint({
      min: 1,
      max: SKIP_REASON_MAX,
      meaning: 'Why: 1 expired, 2 retention, 3 overflow, 4 dead letter, 5 purged.',
    }),
  },
});
