import {
  AGENT_ID_BYTES_MAX,
  BUILD_BYTES_MAX,
  ENROLMENT_TOKEN_BYTES_MAX,
  INSTANCE_BYTES_MAX,
  RESUME_TOKEN_BYTES_MAX,
  UINT32_MAX,
} from '../limits.ts';
import { bytes, definePayload, optional, text, uint } from '../spec.ts';

/** The sealed payload of 0x03: who the agent is and what it allows. */
export const encryptionFinishPayloadSpec = definePayload({
  carrier: 0x03,
  name: 'Encryption Finish Payload',
  since: 1,
  sender: 'agent',
  summary: 'Sealed in 0x03: who the agent is, what admits it, and what it allows on this connection.',
  page: 'protocols/handshake.md#6-0x03-encryption-finish',
  fields: {
    agentId: text({ max: AGENT_ID_BYTES_MAX, meaning: 'The id of the agent, bound to its static key.' }),
    instance: text({
      max: INSTANCE_BYTES_MAX,
      meaning: 'The instance of the agent: `main`, or a random name for a one-shot command.',
    }),
    enrolmentToken: optional(
      bytes({
        min: 1,
        max: ENROLMENT_TOKEN_BYTES_MAX,
        meaning: 'The document that admits an agent that the server does not know.',
      }),
    ),
    resumeToken: optional(
      bytes({
        min: 1,
        max: RESUME_TOKEN_BYTES_MAX,
        meaning: 'The token of the last Accepted, to take up that session again.',
      }),
    ),
    build: text({
      min: 0,
      max: BUILD_BYTES_MAX,
      meaning: 'Name and version of the program of the agent, for logs only.',
    }),
    streamWindowBytes: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'How many bytes the server may send on each stream before credit comes.',
    }),
    connectionWindowBytes: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'How many bytes the server may send on all streams together before credit comes.',
    }),
    streamsMax: uint({
      max: UINT32_MAX,
      unit: 'streams',
      meaning: 'How many streams the server may have open at once.',
    }),
    requestsInFlightMax: uint({
      max: UINT32_MAX,
      unit: 'requests',
      meaning: 'How many requests of the server may be unanswered at once.',
    }),
  },
});
