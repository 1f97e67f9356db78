import { KEM_CIPHERTEXT_BYTES, UINT32_MAX, X25519_KEY_BYTES } from '../limits.ts';
import { bytes, definePacket, optional, uint } from '../spec.ts';

/** 0x08: the server's share of fresh keys. */
export const keyUpdateResponseSpec = definePacket({
  id: 0x08,
  name: 'Key Update Response',
  since: 1,
  sender: 'server',
  summary: 'Answers a Key Update. Every record of the server after the one that holds it is of the new epoch.',
  page: 'protocols/records.md#6-key-update',
  fields: {
    epoch: uint({ min: 1, max: UINT32_MAX, meaning: 'The epoch of the Key Update that it answers.' }),
    key: bytes({ size: X25519_KEY_BYTES, meaning: 'A fresh X25519 public key of the server.' }),
    kemCiphertext: optional(
      bytes({
        size: KEM_CIPHERTEXT_BYTES,
        meaning: 'The ML-KEM-768 ciphertext, present when the Key Update held a kem_key.',
      }),
    ),
  },
});
