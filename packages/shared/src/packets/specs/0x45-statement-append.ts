import { STATEMENT_BYTES_MAX, UINT32_MAX } from '../limits.ts';
import { bytes, definePacket, uint } from '../spec.ts';

/** 0x45: appends a signed statement to the log of the own account: a device more or less, a profile, a reset. */
export const statementAppendSpec = definePacket({
  id: 0x45,
  name: 'Statement Append',
  since: 3,
  sender: 'agent',
  summary: 'Appends a signed statement to the log of the own account: a device more or less, a profile, a reset.',
  page: 'protocols/messaging.md#4-directory',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    statement: bytes({
      min: 1,
      max: STATEMENT_BYTES_MAX,
      meaning: 'The statement; it names the hash of the one before it.',
    }),
  },
});
