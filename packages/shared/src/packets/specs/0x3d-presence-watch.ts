import { AGENT_ID_BYTES_MAX } from '../limits.ts';
import { bool, definePacket, text } from '../spec.ts';

/** 0x3D: watches whether an agent is connected. */
export const presenceWatchSpec = definePacket({
  id: 0x3d,
  name: 'Presence Watch',
  since: 2,
  sender: 'agent',
  summary: 'Wants to know, or no longer, whether an agent is connected.',
  page: 'protocols/delivery.md#8-presence',
  fields: {
    agentId: text({ max: AGENT_ID_BYTES_MAX, meaning: 'The agent to be watched.' }),
    watch: bool({ meaning: 'True to watch, false to stop.' }),
  },
});
