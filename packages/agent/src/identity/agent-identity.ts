/** The identity of an agent: made once in its data directory, or for one process in memory. Ids are given by servers. */
import { toHex, wipe } from '@sealane/shared/bytes';
import { IdentityKeys, fingerprint, type StaticKeyPair } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { openIdentity } from '@sealane/node/keys';
import { systemRandom } from '@sealane/node/transport';

/** Who an agent is. */
export interface AgentIdentity {
  readonly keys: StaticKeyPair;
  /** `SHA256:…` of its public key. */
  readonly fingerprint: string;
  /** The id it asks for when none is chosen: `agent-` and 16 characters. */
  readonly defaultId: string;
}

const SEED_BYTES = 32;

/** Characters of the key's hash, in lower-case hexadecimal, that make an id: 64 bits, too many to meet by chance. */
const ID_HASH_CHARACTERS = 16;

/**
 * Loads the identity of a data directory, or makes it. Several processes may do so at once: all get the same.
 *
 * @throws ConfigError when the key file cannot be used, StorageError when the disk refuses.
 */
export async function openAgentIdentity(
  directory: string,
  options: { readonly passphrase?: string | undefined } = {},
): Promise<AgentIdentity> {
  const keys = await openIdentity(directory, {
    crypto: nativeCrypto,
    kind: 'agent',
    random: systemRandom,
    wallClock: Date.now,
    passphrase: options.passphrase,
  });
  return describe(keys);
}

/** An identity that ends with the process: servers that admit unknown agents know it only until then. */
export function ephemeralIdentity(): AgentIdentity {
  const seed = systemRandom(SEED_BYTES);
  const keys = new IdentityKeys(nativeCrypto, seed);
  wipe(seed);
  return describe(keys);
}

function describe(identity: IdentityKeys): AgentIdentity {
  const { publicKey } = identity.static;
  const hash = toHex(nativeCrypto.sha256(publicKey));
  return {
    keys: identity.static,
    fingerprint: fingerprint(nativeCrypto, publicKey),
    defaultId: `agent-${hash.slice(0, ID_HASH_CHARACTERS)}`,
  };
}
