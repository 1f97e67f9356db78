import { UINT32_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x56: says who may see whether this account is online. */
export const presenceSetSpec = definePacket({
  id: 0x56,
  name: 'Presence Set',
  since: 3,
  sender: 'agent',
  summary: 'Says who may see whether this account is online.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    visibility: uint({ max: 2, meaning: '0: nobody, 1: accounts in a group with it, 2: everybody.' }),
  },
});
