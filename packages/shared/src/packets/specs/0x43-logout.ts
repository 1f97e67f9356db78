import { UINT32_MAX } from '../limits.ts';
import { bool, definePacket, uint } from '../spec.ts';

/** 0x43: ends the session of this device, or every session of the account. */
export const logoutSpec = definePacket({
  id: 0x43,
  name: 'Logout',
  since: 3,
  sender: 'agent',
  summary: 'Ends the session of this device, or every session of the account.',
  page: 'protocols/messaging.md#3-sessions',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    everywhere: bool({ meaning: 'Whether every session of the account ends.' }),
  },
});
