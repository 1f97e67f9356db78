/**
 * The port through which every layer above reaches cryptography. Two implementations interoperate: `portableCrypto`
 * (tweetnacl and noble, any browser) and `nativeCrypto` (`node:crypto`, entry `@sealane/shared/crypto-native`).
 *
 * All functions but `scrypt` are synchronous, and all keep none of their arguments. Wrong sizes are mistakes of the caller
 * (`RangeError`); a peer's invalid key or ciphertext is a `ProtocolError` with `E_HANDSHAKE`.
 */

/** Source of random bytes: the system's, or a seeded one in simulation. */
export type Random = (size: number) => Uint8Array;

/** An ML-KEM-768 decapsulation key, in a form of the implementation's own; printing it shows no bytes. */
export interface KemSecretKey {
  readonly kind: 'ml-kem-768-secret-key';
  /** Makes the key unusable; later calls with it throw. */
  wipe(): void;
}

/** A fresh ML-KEM-768 key pair. */
export interface KemKeyPair {
  /** Encapsulation key, 1,184 bytes (FIPS 203 §8). */
  readonly publicKey: Uint8Array;
  readonly secretKey: KemSecretKey;
}

/** Result of an encapsulation. */
export interface KemEncapsulation {
  /** 1,088 bytes. */
  readonly ciphertext: Uint8Array;
  /** 32 bytes. */
  readonly sharedSecret: Uint8Array;
}

/** Parameters of scrypt (RFC 7914 §2). */
export interface ScryptCost {
  /** log2 of N: memory is 128 · r · N bytes. */
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** Sizes in bytes of what passes through the port. */
export const SIZES = {
  x25519Key: 32,
  kemPublicKey: 1_184,
  kemCiphertext: 1_088,
  kemSeed: 64,
  sharedSecret: 32,
  aeadKey: 32,
  aeadNonce: 12,
  aeadTag: 16,
  hash: 32,
  ed25519Seed: 32,
  ed25519PublicKey: 32,
  ed25519Signature: 64,
} as const;

/** The primitives of wire version 1. */
export interface Crypto {
  readonly name: 'native' | 'portable';

  /** SHA-256 (FIPS 180-4): 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** SHA-512 (FIPS 180-4): 64 bytes. */
  sha512(data: Uint8Array): Uint8Array;
  /** HMAC-SHA-256 (RFC 2104): 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;

  /** Scrypt (RFC 7914): a key of 32 bytes from a passphrase. It takes its time, and the event loop goes on meanwhile. */
  scrypt(passphrase: Uint8Array, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array>;

  /** X25519 public key (32 bytes) of a secret key (32 bytes, clamped inside; RFC 7748 §5). */
  x25519PublicKey(secretKey: Uint8Array): Uint8Array;
  /**
   * X25519 shared secret, 32 bytes (RFC 7748 §6.1).
   *
   * @throws ProtocolError `E_HANDSHAKE` when the result is all zero, that is for every low-order point.
   */
  x25519(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array;

  /** Fresh ML-KEM-768 key pair (FIPS 203 §7.1). The native implementation may use its own random source. */
  kemKeyPair(random: Random): KemKeyPair;
  /** The key pair of a 64-byte seed d ‖ z (FIPS 203 §7.1), for vectors and simulation. */
  kemKeyPairFromSeed(seed: Uint8Array): KemKeyPair;
  /**
   * Encapsulates to a peer's key (FIPS 203 §7.2, with its modulus check).
   *
   * @throws ProtocolError `E_HANDSHAKE` when the key is invalid.
   */
  kemEncapsulate(publicKey: Uint8Array, random: Random): KemEncapsulation;
  /** Shared secret, 32 bytes; for an altered ciphertext a pseudo-random one (FIPS 203 §7.3, implicit rejection). */
  kemDecapsulate(secretKey: KemSecretKey, ciphertext: Uint8Array): Uint8Array;

  /** AES-256-GCM: ciphertext ‖ 16-byte tag in a new array (NIST SP 800-38D). */
  aeadSeal(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  /** AES-256-GCM: the plaintext in a new array, or undefined when the tag does not fit. */
  aeadOpen(key: Uint8Array, nonce: Uint8Array, associatedData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined;
  /**
   * The record layer's form of `aeadSeal`: appends header, ciphertext and tag to `output` in as few pieces as is
   * cheap. `header` (copied) is 4 bytes of associated data followed by the 12-byte nonce.
   */
  sealRecord(key: Uint8Array, header: Uint8Array, plaintext: Uint8Array, output: Uint8Array[]): void;
  /** An AEAD key will not be used for a while: what is kept to use it faster goes, and is made again when it is used. */
  setAside(key: Uint8Array): void;

  /** Ed25519 public key (32 bytes) of a seed (32 bytes; RFC 8032 §5.1.5). */
  ed25519PublicKey(seed: Uint8Array): Uint8Array;
  /** Ed25519 signature, 64 bytes (RFC 8032 §5.1.6). */
  ed25519Sign(seed: Uint8Array, message: Uint8Array): Uint8Array;
  /** Whether the signature is valid and canonical (S < L; RFC 8032 §5.1.7). Never throws for bytes of a peer. */
  ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}
