import { PRODUCER_ID_BYTES, UINT32_MAX } from '../limits.ts';
import { definePacket, text, uint } from '../spec.ts';

/** 0x39: names an outbox. */
export const producerOpenSpec = definePacket({
  id: 0x39,
  name: 'Producer Open',
  since: 2,
  sender: 'agent',
  summary: 'Names an outbox of the agent, so that events can be published from it.',
  page: 'protocols/delivery.md#3-publishing',
  fields: {
    producer: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Handle of the outbox on this connection, chosen by the agent.',
    }),
    producerId: text({
      max: PRODUCER_ID_BYTES,
      meaning: 'Random name of the outbox, 16 characters of base64url (RFC 4648 §5), for all its life.',
    }),
  },
});
