import { TAG_BYTES, X25519_KEY_BYTES } from '../limits.ts';
import { defineClearPacket } from '../spec.ts';

/** 0x03: the agent's sealed identity. */
export const encryptionFinishSpec = defineClearPacket({
  id: 0x03,
  name: 'Encryption Finish',
  since: 1,
  sender: 'agent',
  summary: 'Ends the handshake: the static key and the identity of the agent, sealed (Noise message 3).',
  page: 'protocols/handshake.md#6-0x03-encryption-finish',
  layout: [
    {
      name: 'static_key',
      size: X25519_KEY_BYTES + TAG_BYTES,
      meaning: 'The static X25519 public key of the agent, sealed (Noise token s).',
    },
    { name: 'payload', size: 'rest', meaning: 'The Encryption Finish payload, sealed: its size and 16 bytes of tag.' },
  ],
});
