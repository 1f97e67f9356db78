import {
  BUILD_BYTES_MAX,
  SUCCESSIONS_MAX,
  SUCCESSION_BYTES_MAX,
  UINT32_MAX,
  UINT_MAX,
  VERIFY_TOKEN_BYTES,
} from '../limits.ts';
import { bytes, definePayload, list, text, uint } from '../spec.ts';

/** The sealed payload of 0x02: proof of the token and the limits of the server. */
export const encryptionResponsePayloadSpec = definePayload({
  carrier: 0x02,
  name: 'Encryption Response Payload',
  since: 1,
  sender: 'server',
  summary: 'Sealed in 0x02: the token returned, and what the server allows on this connection.',
  page: 'protocols/handshake.md#5-0x02-encryption-response',
  fields: {
    verifiedToken: bytes({ size: VERIFY_TOKEN_BYTES, meaning: 'The verify_token of 0x01, unchanged.' }),
    frameBytesMax: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'The largest frame body that the server takes once the handshake is over.',
    }),
    streamsMax: uint({
      max: UINT32_MAX,
      unit: 'streams',
      meaning: 'How many streams the agent may have open at once.',
    }),
    streamWindowBytes: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'How many bytes the agent may send on each stream before credit comes.',
    }),
    connectionWindowBytes: uint({
      max: UINT32_MAX,
      unit: 'bytes',
      meaning: 'How many bytes the agent may send on all streams together before credit comes.',
    }),
    requestsInFlightMax: uint({
      max: UINT32_MAX,
      unit: 'requests',
      meaning: 'How many requests of the agent may be unanswered at once.',
    }),
    capabilities: uint({
      max: UINT_MAX,
      meaning: 'A set of bits, one for each optional ability of the server; none is defined in version 1.',
    }),
    successions: list(bytes({ min: 1, max: SUCCESSION_BYTES_MAX, meaning: 'One signed document.' }), {
      maxCount: SUCCESSIONS_MAX,
      meaning:
        'Key Succession documents, oldest first, by which an agent that trusts an earlier key of this server comes to trust the present one.',
    }),
    build: text({
      min: 0,
      max: BUILD_BYTES_MAX,
      meaning: 'Name and version of the program of the server, for logs only.',
    }),
  },
});
