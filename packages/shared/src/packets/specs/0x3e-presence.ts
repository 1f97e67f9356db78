import { AGENT_ID_BYTES_MAX, ERROR_CODE_MAX, UINT_MAX } from '../limits.ts';
import { bool, definePacket, text, uint } from '../spec.ts';

/** 0x3E: whether an agent is connected. */
export const presenceSpec = definePacket({
  id: 0x3e,
  name: 'Presence',
  since: 2,
  sender: 'server',
  summary: 'Whether an agent that is watched is connected: at once, and at every change.',
  page: 'protocols/delivery.md#8-presence',
  fields: {
    agentId: text({ max: AGENT_ID_BYTES_MAX, meaning: 'The agent that is watched.' }),
    online: bool({ meaning: 'Whether it is connected now.' }),
    lastSeenAt: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'When it was last connected, since 1970-01-01 UTC; 0 for never.',
    }),
    code: uint({
      max: ERROR_CODE_MAX,
      meaning: 'Zero, or the error number (`docs/errors.md`) with which the watch is refused or ended.',
    }),
  },
});
