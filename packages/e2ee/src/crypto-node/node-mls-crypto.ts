/** nodeMlsCrypto: calls of `node:crypto` that return at once; each call of WebCrypto goes through a thread. */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { type CiphersuiteImpl } from 'ts-mls';
import { SUITES, type MlsCrypto, type SuiteName } from '../mls/index.ts';
import { aes128Gcm, aes256Gcm } from './aead.ts';
import { makeHpke, type HpkeParameters } from './hpke.ts';
import { expand, extract, hmac, plainBytes, type HashName } from './kdf.ts';
import { dhkemX25519, xWing } from './kems.ts';

/** Numbers of key derivations in the registry of HPKE. */
const HKDF_SHA256 = 1;
const HKDF_SHA512 = 3;

const PARAMETERS: Readonly<Record<SuiteName, HpkeParameters>> = {
  hybrid: { kem: xWing, hash: { hash: 'sha512', hashBytes: 64 }, kdfId: HKDF_SHA512, aead: aes256Gcm },
  classical: { kem: dhkemX25519, hash: { hash: 'sha256', hashBytes: 32 }, kdfId: HKDF_SHA256, aead: aes128Gcm },
};

/** Verifies canonical encodings only, as the port of `shared` promises. */
const SIGNATURE: CiphersuiteImpl['signature'] = {
  sign: (seed, message) => Promise.resolve(plainBytes(nativeCrypto.ed25519Sign(seed, message))),
  verify: (publicKey, message, signature) => Promise.resolve(nativeCrypto.ed25519Verify(publicKey, message, signature)),
  keygen() {
    const signKey = plainBytes(randomBytes(32));
    return Promise.resolve({ signKey, publicKey: plainBytes(nativeCrypto.ed25519PublicKey(signKey)) });
  },
};

const suites: Readonly<Record<SuiteName, CiphersuiteImpl>> = {
  hybrid: makeSuite('hybrid'),
  classical: makeSuite('classical'),
};

/** The primitives of MLS over `node:crypto`, many times as fast in Node.js as `webCrypto`. */
export const nodeMlsCrypto: MlsCrypto = {
  name: 'node',
  signingPublicKey: (seed) => plainBytes(nativeCrypto.ed25519PublicKey(seed)),
  suite: (name) => Promise.resolve(suites[name]),
};

function makeSuite(name: SuiteName): CiphersuiteImpl {
  const parameters = PARAMETERS[name];
  return {
    name: SUITES[name],
    kdf: makeKdf(parameters.hash),
    hash: makeHash(parameters.hash),
    hpke: makeHpke(parameters),
    signature: SIGNATURE,
    rng: { randomBytes: (size) => plainBytes(randomBytes(size)) },
  };
}

function makeKdf(name: HashName): CiphersuiteImpl['kdf'] {
  return {
    size: name.hashBytes,
    extract: (salt, secret) => Promise.resolve(extract(name, salt, secret)),
    expand: (key, info, size) => Promise.resolve(expand(name, key, info, size)),
  };
}

function makeHash({ hash: name }: HashName): CiphersuiteImpl['hash'] {
  return {
    digest: (data) => Promise.resolve(plainBytes(hash(name, data, 'buffer'))),
    mac: (key, data) => Promise.resolve(hmac(name, key, data)),
    verifyMac(key, mac, data) {
      const expected = hmac(name, key, data);
      return Promise.resolve(mac.length === expected.length && timingSafeEqual(mac, expected));
    },
  };
}
