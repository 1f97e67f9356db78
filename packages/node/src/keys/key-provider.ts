/** Where an identity comes from at start: a file, or a key management service that unwraps it (hook B11). */
import { wipe } from '@sealane/shared/bytes';
import { fingerprint, IdentityKeys, type Crypto } from '@sealane/shared/crypto';
import { ConfigError } from '@sealane/shared/errors';
import { loadKeyFile, type KeyKind } from './key-file.ts';

/** Gives the identity a process runs with. */
export interface KeyProvider {
  load(): Promise<IdentityKeys>;
}

/** The part of a key management service that is needed: it opens what it once sealed. */
export interface KeyManagementService {
  /** The bytes that were wrapped. Rejects when the service refuses or cannot be reached. */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

/** Loads a key file. */
export function fileKeyProvider(
  file: string,
  options: { readonly crypto: Crypto; readonly kind: KeyKind; readonly passphrase?: string | undefined },
): KeyProvider {
  return { load: () => loadKeyFile(file, options) };
}

/**
 * Lets a key management service unwrap the seed; it is never written to the disk in clear.
 *
 * @param options.wrapped what the service sealed, of any size.
 * @param options.fingerprint of the identity expected, so that a wrong blob is noticed.
 */
export function managedKeyProvider(
  service: KeyManagementService,
  options: { readonly crypto: Crypto; readonly wrapped: Uint8Array; readonly fingerprint: string },
): KeyProvider {
  return {
    async load() {
      const seed = await unwrap(service, options.wrapped);
      const identity = new IdentityKeys(options.crypto, seed);
      wipe(seed);
      if (fingerprint(options.crypto, identity.static.publicKey) === options.fingerprint) return identity;
      identity.wipe();
      throw new ConfigError('E_KEY_FILE', 'The key management service gave a key with another fingerprint');
    },
  };
}

const SEED_BYTES = 32;

async function unwrap(service: KeyManagementService, wrapped: Uint8Array): Promise<Uint8Array> {
  let seed: Uint8Array;
  try {
    seed = await service.unwrap(wrapped);
  } catch (cause) {
    throw new ConfigError('E_KEY_FILE', 'The key management service did not unwrap the key', { cause });
  }
  if (seed.length !== SEED_BYTES) {
    throw new ConfigError(
      'E_KEY_FILE',
      `The key management service gave ${seed.length} bytes, a key has ${SEED_BYTES}`,
    );
  }
  return seed;
}
