import { KEM_CIPHERTEXT_BYTES, TAG_BYTES, X25519_KEY_BYTES } from '../limits.ts';
import { defineClearPacket } from '../spec.ts';

/** 0x02: the server's choice, its fresh key and its sealed identity. */
export const encryptionResponseSpec = defineClearPacket({
  id: 0x02,
  name: 'Encryption Response',
  since: 1,
  sender: 'server',
  summary:
    'The version and suite chosen, the ephemeral key of the server and, sealed, its static key and limits (Noise message 2).',
  page: 'protocols/handshake.md#5-0x02-encryption-response',
  layout: [
    { name: 'version', size: 1, meaning: 'The wire version chosen, one of those offered.' },
    { name: 'suite', size: 1, meaning: 'The suite chosen, one of those offered.' },
    { name: 'key', size: X25519_KEY_BYTES, meaning: 'The ephemeral X25519 public key of the server (Noise token e).' },
    {
      name: 'kem_ciphertext',
      size: KEM_CIPHERTEXT_BYTES + TAG_BYTES,
      presentWhen: 'suite 0x01 is chosen',
      meaning: 'The ML-KEM-768 ciphertext, sealed (Noise token ekem1).',
    },
    {
      name: 'static_key',
      size: X25519_KEY_BYTES + TAG_BYTES,
      meaning: 'The static X25519 public key of the server, sealed (Noise token s).',
    },
    {
      name: 'payload',
      size: 'rest',
      meaning: 'The Encryption Response payload, sealed: its size and 16 bytes of tag.',
    },
  ],
});
