/** Crypto: the port, its portable implementation, key derivation, key roles and fingerprints. */
export { SIZES } from './crypto.ts';
export type { Crypto, KemEncapsulation, KemKeyPair, KemSecretKey, Random, ScryptCost } from './crypto.ts';
export { ed25519ToX25519, isCanonicalPublicKey, isCanonicalSignature } from './ed25519-encoding.ts';
export { expectSize } from './expect-size.ts';
export { fingerprint, parseFingerprint } from './fingerprint.ts';
export { hkdfExpand, hkdfExtract } from './hkdf.ts';
export { IdentityKeys, StaticKeyPair } from './key-roles.ts';
export type { DocumentSigner } from './key-roles.ts';
export { portableCrypto } from './portable-crypto.ts';
