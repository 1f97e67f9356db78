import { UINT32_MAX, UINT_MAX } from '../limits.ts';
import { definePacket, uint } from '../spec.ts';

/** 0x4f: answers what changes something: it is done, and safe. */
export const storedSpec = definePacket({
  id: 0x4f,
  name: 'Stored',
  since: 3,
  sender: 'server',
  summary: 'Answers what changes something: it is done, and safe.',
  page: 'protocols/messaging.md#1-calls',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    sequence: uint({
      max: UINT_MAX,
      meaning: 'Position of a message in the log of its group, or index of a statement; else 0.',
    }),
    epoch: uint({ max: UINT_MAX, meaning: 'Epoch of the group from now on; else 0.' }),
    at: uint({ max: UINT_MAX, unit: 'ms', meaning: 'When the server stored it, unix time.' }),
  },
});
