import { AGENT_ID_BYTES_MAX, RESUME_TOKEN_BYTES_MAX, SESSION_ID_BYTES, UINT32_MAX } from '../limits.ts';
import { bool, bytes, definePacket, text, uint } from '../spec.ts';

/** 0x05: the server has admitted the agent. */
export const acceptedSpec = definePacket({
  id: 0x05,
  name: 'Accepted',
  since: 1,
  sender: 'server',
  summary: 'The first packet after the handshake: the agent is admitted. Until it arrives, the agent is not connected.',
  page: 'protocols/session.md#3-judging-the-agent',
  fields: {
    sessionId: bytes({ size: SESSION_ID_BYTES, meaning: 'Names the session in logs of both sides, random.' }),
    resumed: bool({ meaning: 'Whether the session of the resume token goes on; false means that a new one began.' }),
    resumeToken: bytes({
      max: RESUME_TOKEN_BYTES_MAX,
      meaning: 'What the agent shows to take up this session again after a break; empty when the server keeps none.',
    }),
    pingIntervalMs: uint({
      min: 1,
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'How often each side sends a Ping when it has heard nothing.',
    }),
    idleTimeoutMs: uint({
      min: 1,
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'After how long without a packet a side holds the other for dead.',
    }),
    retryBaseMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'The upper bound of the first random wait before the agent reconnects.',
    }),
    retryCapMs: uint({ max: UINT32_MAX, unit: 'ms', meaning: 'The bound beyond which those waits do not grow.' }),
    retryWindowMs: uint({
      max: UINT32_MAX,
      unit: 'ms',
      meaning: 'The time over which a fleet that lost this server spreads its first attempts.',
    }),
    agentId: text({ max: AGENT_ID_BYTES_MAX, meaning: 'The id under which the server has admitted the agent.' }),
  },
});
