/**
 * Key encapsulation of the two suites, over `node:crypto`: DHKEM(X25519, HKDF-SHA256) of RFC 9180 §4.1, and X-Wing
 * (draft-connolly-cfrg-xwing-kem), which is as strong as the stronger of X25519 and ML-KEM-768.
 */
import { createHash, hash, randomBytes } from 'node:crypto';
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { SIZES } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { LabelledKdf, plainBytes, twoBytes } from './kdf.ts';

export interface Encapsulation {
  /** What the other side needs: the encapsulated secret. */
  readonly enc: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** Keys are their bytes. What a peer got wrong is an error, of whatever kind. */
export interface Kem {
  /** Number in the registry of HPKE. */
  readonly id: number;
  readonly privateKeyBytes: number;
  readonly publicKeyBytes: number;
  generatePrivateKey(): Uint8Array;
  derivePrivateKey(material: Uint8Array): Uint8Array;
  publicKeyOf(privateKey: Uint8Array): Uint8Array;
  encapsulate(publicKey: Uint8Array): Encapsulation;
  decapsulate(privateKey: Uint8Array, enc: Uint8Array): Uint8Array;
}

const EMPTY = new Uint8Array();
const DHKEM_ID = 0x0020;
const XWING_ID = 0x647a;
const SECRET_BYTES = 32;

const dhkemKdf = new LabelledKdf({ hash: 'sha256', hashBytes: 32 }, concat(utf8Encode('KEM'), twoBytes(DHKEM_ID)));

export const dhkemX25519: Kem = {
  id: DHKEM_ID,
  privateKeyBytes: SIZES.x25519Key,
  publicKeyBytes: SIZES.x25519Key,
  generatePrivateKey: () => plainBytes(randomBytes(SIZES.x25519Key)),
  derivePrivateKey(material) {
    return dhkemKdf.expand(dhkemKdf.extract(EMPTY, 'dkp_prk', material), 'sk', EMPTY, SIZES.x25519Key);
  },
  publicKeyOf: (privateKey) => plainBytes(nativeCrypto.x25519PublicKey(privateKey)),
  encapsulate(publicKey) {
    const ephemeral = plainBytes(randomBytes(SIZES.x25519Key));
    const enc = plainBytes(nativeCrypto.x25519PublicKey(ephemeral));
    return { enc, sharedSecret: dhkemSecret(ephemeral, publicKey, concat(enc, publicKey)) };
  },
  decapsulate(privateKey, enc) {
    return dhkemSecret(privateKey, enc, concat(enc, nativeCrypto.x25519PublicKey(privateKey)));
  },
};

function dhkemSecret(privateKey: Uint8Array, publicKey: Uint8Array, context: Uint8Array): Uint8Array {
  const agreed = nativeCrypto.x25519(privateKey, publicKey);
  return dhkemKdf.expand(dhkemKdf.extract(EMPTY, 'eae_prk', agreed), 'shared_secret', context, SECRET_BYTES);
}

/** The six characters of the draft, §5.3: a drawing. */
const XWING_LABEL = utf8Encode('\\.//^\\');

export const xWing: Kem = {
  id: XWING_ID,
  privateKeyBytes: SECRET_BYTES,
  publicKeyBytes: SIZES.kemPublicKey + SIZES.x25519Key,
  generatePrivateKey: () => plainBytes(randomBytes(SECRET_BYTES)),
  derivePrivateKey: (material) => shake256(material, SECRET_BYTES),
  publicKeyOf(privateKey) {
    const { kem, x25519 } = expandXWing(privateKey);
    return concat(kem.publicKey, nativeCrypto.x25519PublicKey(x25519));
  },
  encapsulate(publicKey) {
    const x25519Key = publicKey.slice(SIZES.kemPublicKey);
    const kem = nativeCrypto.kemEncapsulate(publicKey.slice(0, SIZES.kemPublicKey), randomBytes);
    const ephemeral = plainBytes(randomBytes(SIZES.x25519Key));
    const share = plainBytes(nativeCrypto.x25519PublicKey(ephemeral));
    const agreed = nativeCrypto.x25519(ephemeral, x25519Key);
    const sharedSecret = combine(kem.sharedSecret, agreed, share, x25519Key);
    return { enc: concat(kem.ciphertext, share), sharedSecret };
  },
  decapsulate(privateKey, enc) {
    const { kem, x25519 } = expandXWing(privateKey);
    const share = enc.slice(SIZES.kemCiphertext);
    const kemSecret = nativeCrypto.kemDecapsulate(kem.secretKey, enc.slice(0, SIZES.kemCiphertext));
    const agreed = nativeCrypto.x25519(x25519, share);
    return combine(kemSecret, agreed, share, nativeCrypto.x25519PublicKey(x25519));
  },
};

function expandXWing(seed: Uint8Array): { kem: ReturnType<typeof nativeCrypto.kemKeyPair>; x25519: Uint8Array } {
  const expanded = shake256(seed, SIZES.kemSeed + SIZES.x25519Key);
  const kem = nativeCrypto.kemKeyPairFromSeed(expanded.slice(0, SIZES.kemSeed));
  return { kem, x25519: expanded.slice(SIZES.kemSeed) };
}

function combine(kemSecret: Uint8Array, agreed: Uint8Array, share: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return plainBytes(hash('sha3-256', concat(kemSecret, agreed, share, publicKey, XWING_LABEL), 'buffer'));
}

function shake256(data: Uint8Array, size: number): Uint8Array {
  return plainBytes(createHash('shake256', { outputLength: size }).update(data).digest());
}
