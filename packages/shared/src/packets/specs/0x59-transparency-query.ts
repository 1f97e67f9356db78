import { UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x59: asks for the newest head of the transparency log. */
export const transparencyQuerySpec = definePacket({
  id: 0x59,
  name: 'Transparency Query',
  since: 3,
  sender: 'agent',
  summary: 'Asks for the newest head of the transparency log.',
  page: 'protocols/messaging.md#11-transparency',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    treeSize: uint({ max: UINT_MAX, unit: 'entries', meaning: 'Size of the head that is known; 0 for none.' }),
  },
});
