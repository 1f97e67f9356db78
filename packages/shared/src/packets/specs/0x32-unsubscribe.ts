import { UINT32_MAX } from '../limits.ts';
import { bool, definePacket, uint } from '../spec.ts';

/** 0x32: no more deliveries of a subscription. */
export const unsubscribeSpec = definePacket({
  id: 0x32,
  name: 'Unsubscribe',
  since: 2,
  sender: 'agent',
  summary: 'Takes no more deliveries of a subscription; what waits in it stays unless the agent says otherwise.',
  page: 'protocols/delivery.md#4-subscribing',
  fields: {
    subscription: uint({ min: 1, max: UINT32_MAX, meaning: 'The subscription, by the handle that Subscribe chose.' }),
    forget: bool({ meaning: 'Whether the durable subscription is deleted, with all that waits in it.' }),
  },
});
