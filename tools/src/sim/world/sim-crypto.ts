/**
 * The cryptography of a world: real, and every secret from the seed. Native where the result is the same for the same
 * input, portable where the native one takes randomness of its own; both pass the same compliance suite.
 */
import { portableCrypto, type Crypto, type Random } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { WriterPool } from '@sealane/shared/bytes';
import { PacketReader } from '@sealane/shared/packets';
import type { SessionEnvironment } from '@sealane/shared/session';

const KEM_SEED_BYTES = 64;

const seededCrypto: Crypto = {
  ...nativeCrypto,
  kemKeyPair: (random) => nativeCrypto.kemKeyPairFromSeed(random(KEM_SEED_BYTES)),
  kemEncapsulate: (publicKey, random) => portableCrypto.kemEncapsulate(publicKey, random),
};

/** What the sessions of one process share. @param isPortable whether all of it is that of browsers. */
export function sessionEnvironment(random: Random, isPortable: boolean): SessionEnvironment {
  const crypto = isPortable ? portableCrypto : seededCrypto;
  return { crypto, random, writers: new WriterPool(), reader: new PacketReader() };
}
