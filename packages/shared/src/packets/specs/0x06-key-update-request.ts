import { UINT32_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x06: the server asks for fresh keys. */
export const keyUpdateRequestSpec = definePacket({
  id: 0x06,
  name: 'Key Update Request',
  since: 1,
  sender: 'server',
  summary: 'Asks the agent to start a key update. The agent answers with Key Update unless one is under way.',
  page: 'protocols/records.md#6-key-update',
  fields: {
    reason: uint({
      max: UINT32_MAX,
      meaning: 'Why: 1 records, 2 bytes, 3 time, 4 the operator asked; other values are for logs only.',
    }),
  },
});
