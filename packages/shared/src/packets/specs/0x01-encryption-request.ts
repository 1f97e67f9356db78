import { KEM_KEY_BYTES, VERIFY_TOKEN_BYTES, X25519_KEY_BYTES } from '../limits.ts';
import { defineClearPacket } from '../spec.ts';

/** 0x01: the agent's offer and its fresh keys. */
export const encryptionRequestSpec = defineClearPacket({
  id: 0x01,
  name: 'Encryption Request',
  since: 1,
  sender: 'agent',
  summary:
    'Opens the handshake: the versions and suites that the agent offers, and its ephemeral keys (Noise message 1).',
  page: 'protocols/handshake.md#4-0x01-encryption-request',
  layout: [
    { name: 'version_min', size: 1, meaning: 'The lowest wire version that the agent speaks.' },
    { name: 'version_max', size: 1, meaning: 'The highest wire version that the agent speaks.' },
    {
      name: 'suites',
      size: 4,
      meaning: 'One suite id a byte in order of preference, unused bytes zero and last.',
    },
    { name: 'key', size: X25519_KEY_BYTES, meaning: 'The ephemeral X25519 public key of the agent (Noise token e).' },
    {
      name: 'kem_key',
      size: KEM_KEY_BYTES,
      presentWhen: 'suite 0x01 is offered',
      meaning: 'The ephemeral ML-KEM-768 encapsulation key of the agent (Noise token e1).',
    },
    {
      name: 'verify_token',
      size: VERIFY_TOKEN_BYTES,
      meaning: 'Random bytes that the server returns sealed in 0x02 (the payload of Noise message 1).',
    },
  ],
});
