/** MlsCrypto: suites of groups, and the port that their primitives come through. */
import { type CiphersuiteImpl, type CiphersuiteName } from 'ts-mls';

/** Cipher suites of groups, fixed when a group is made; the names are ours, the numbers those of `ts-mls`. */
export const SUITES = {
  /** X-Wing (X25519 and ML-KEM-768), AES-256-GCM, SHA-512, Ed25519. */
  hybrid: 'MLS_256_XWING_AES256GCM_SHA512_Ed25519',
  /** X25519, AES-128-GCM, SHA-256, Ed25519: suite 1 of RFC 9420 §17.1. */
  classical: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
} as const satisfies Record<string, CiphersuiteName>;

/** Our name of a suite, a key of `SUITES`. */
export type SuiteName = keyof typeof SUITES;

/** Name of a suite as it stands in messages; undefined for one that we do not use. */
export function suiteNameOf(name: CiphersuiteName): SuiteName | undefined {
  if (name === SUITES.hybrid) return 'hybrid';
  return name === SUITES.classical ? 'classical' : undefined;
}

/** Port: the primitives of MLS. `nodeMlsCrypto` is the fast one for Node.js, `webCrypto` the one for browsers. */
export interface MlsCrypto {
  readonly name: 'node' | 'web';
  /** The primitives of a suite; the same object every time. */
  suite(name: SuiteName): Promise<CiphersuiteImpl>;
  /** Ed25519 public key (32 bytes) of a seed (32 bytes). */
  signingPublicKey(seed: Uint8Array): Uint8Array;
}
