import { KEM_KEY_BYTES, UINT32_MAX, X25519_KEY_BYTES } from '../limits.ts';
import { bytes, definePacket, optional, uint } from '../spec.ts';

/** 0x07: the agent's share of fresh keys. */
export const keyUpdateSpec = definePacket({
  id: 0x07,
  name: 'Key Update',
  since: 1,
  sender: 'agent',
  summary: 'Starts a key update with the fresh public keys of the agent.',
  page: 'protocols/records.md#6-key-update',
  fields: {
    epoch: uint({ min: 1, max: UINT32_MAX, meaning: 'The epoch that begins: the present one plus one.' }),
    key: bytes({ size: X25519_KEY_BYTES, meaning: 'A fresh X25519 public key of the agent.' }),
    kemKey: optional(
      bytes({
        size: KEM_KEY_BYTES,
        meaning: 'A fresh ML-KEM-768 encapsulation key, in every eighth epoch of suite 0x01.',
      }),
    ),
  },
});
