/** canonicalSignature: a layer over the Ed25519 of a suite of `ts-mls`. */
import { isCanonicalPublicKey, isCanonicalSignature } from '@sealane/shared/crypto';
import { type CiphersuiteImpl } from 'ts-mls';

type Signature = CiphersuiteImpl['signature'];

/** Ed25519 as RFC 8032 §5.1.7 wants it: encodings that are not canonical are refused before `signature` verifies. */
export function canonicalSignature(signature: Signature): Signature {
  return {
    sign: (key, message) => signature.sign(key, message),
    async verify(publicKey, message, bytes) {
      if (!isCanonicalPublicKey(publicKey) || !isCanonicalSignature(bytes)) return false;
      return await signature.verify(publicKey, message, bytes);
    },
    keygen: () => signature.keygen(),
  };
}
