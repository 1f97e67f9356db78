import { UINT32_MAX, UINT_MAX, USERNAME_BYTES_MAX } from '../limits.ts';
import { definePacket, text, uint } from '../spec.ts';

/** 0x46: asks for an account: its statements, and the proofs that everybody is shown the same. */
export const directoryQuerySpec = definePacket({
  id: 0x46,
  name: 'Directory Query',
  since: 3,
  sender: 'agent',
  summary: 'Asks for an account: its statements, and the proofs that everybody is shown the same.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    username: text({ max: USERNAME_BYTES_MAX, meaning: 'Whose.' }),
    fromIndex: uint({ max: UINT32_MAX, unit: 'statements', meaning: 'Statements before this one are known.' }),
    treeSize: uint({ max: UINT_MAX, unit: 'entries', meaning: 'Size of the newest head that is known; 0 for none.' }),
  },
});
