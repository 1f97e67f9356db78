import { UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x12: room for more bytes. */
export const streamCreditSpec = definePacket({
  id: 0x12,
  name: 'Stream Credit',
  since: 1,
  sender: 'both',
  summary: 'Allows the receiver of this packet to send more bytes.',
  page: 'protocols/streams.md#3-credit',
  fields: {
    streamId: uint({ max: UINT_MAX, meaning: 'The stream, or 0 for the connection.' }),
    bytes: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'How many bytes more than before; 0 is refused with E_FLOW_CONTROL.',
    }),
  },
});
