import { CHALLENGE_BYTES, SESSION_TOKEN_BYTES_MAX, UINT32_MAX, UINT_MAX } from '../limits.ts';
import { bool, bytes, definePacket, optional, text, uint } from '../spec.ts';

/** 0x42: answers Register and Login: a session, or the challenge to sign. */
export const loggedInSpec = definePacket({
  id: 0x42,
  name: 'Logged In',
  since: 3,
  sender: 'server',
  summary: 'Answers Register and Login: a session, or the challenge to sign.',
  page: 'protocols/messaging.md#3-sessions',
  fields: {
    call: uint({
      min: 1,
      max: UINT32_MAX,
      meaning: 'Number of the call, chosen by the agent; its answer carries the same.',
    }),
    challenge: optional(bytes({ size: CHALLENGE_BYTES, meaning: 'What to sign; nil once the session is open.' })),
    accessToken: optional(
      text({ max: SESSION_TOKEN_BYTES_MAX, meaning: 'Token for other ways in; nil beside a challenge.' }),
    ),
    refreshToken: optional(
      text({ max: SESSION_TOKEN_BYTES_MAX, meaning: 'Renews the access token; nil beside a challenge.' }),
    ),
    expiresAt: uint({
      max: UINT_MAX,
      unit: 'ms',
      meaning: 'When the access token ends, unix time; 0 beside a challenge.',
    }),
    isListed: bool({ meaning: 'Whether the device that asked is listed in the account and not revoked.' }),
  },
});
