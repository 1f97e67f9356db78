/**
 * MLS over `node:crypto`: hashes, key derivation, AES-GCM and Ed25519, all of them ten times as fast as through WebCrypto,
 * whose every call goes through a thread. HPKE stays with `@hpke/core`.
 */
import { createCipheriv, createDecipheriv, createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { getCiphersuiteFromName, type CiphersuiteImpl } from 'ts-mls';
import { makeHpke } from 'ts-mls/crypto/implementation/default/makeHpke.js';
import { SUITES, type MlsCrypto, type SuiteName } from '../mls/index.ts';

const TAG_BYTES = 16;

interface Parameters {
  readonly hash: 'sha256' | 'sha512';
  readonly hashBytes: number;
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm';
}

const PARAMETERS: Readonly<Record<SuiteName, Parameters>> = {
  hybrid: { hash: 'sha512', hashBytes: 64, cipher: 'aes-256-gcm' },
  classical: { hash: 'sha256', hashBytes: 32, cipher: 'aes-128-gcm' },
};

const suites = new Map<SuiteName, Promise<CiphersuiteImpl>>();

export const nodeMlsCrypto: MlsCrypto = {
  name: 'node',
  suite(name) {
    const suite = suites.get(name) ?? makeSuite(name);
    suites.set(name, suite);
    return suite;
  },
};

async function makeSuite(name: SuiteName): Promise<CiphersuiteImpl> {
  const parameters = PARAMETERS[name];
  return {
    name: SUITES[name],
    kdf: makeKdf(parameters),
    hash: makeHash(parameters),
    hpke: { ...(await makeHpke(getCiphersuiteFromName(SUITES[name]).hpke)), ...makeAead(parameters) },
    signature: SIGNATURE,
    rng: { randomBytes: (size) => bytesOf(randomBytes(size)) },
  };
}

function makeKdf({ hash: name, hashBytes }: Parameters): CiphersuiteImpl['kdf'] {
  return {
    size: hashBytes,
    extract: (salt, secret) =>
      Promise.resolve(hmac(name, salt.length === 0 ? new Uint8Array(hashBytes) : salt, secret)),
    expand: (key, info, size) => Promise.resolve(expand(name, key, info, size)),
  };
}

/** HKDF-Expand (RFC 5869 §2.3). */
function expand(name: Parameters['hash'], key: Uint8Array, info: Uint8Array, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let block: Uint8Array = new Uint8Array();
  for (let written = 0, counter = 1; written < size; counter++) {
    block = hmac(name, key, block, info, Uint8Array.of(counter));
    result.set(block.subarray(0, size - written), written);
    written += block.length;
  }
  return result;
}

function makeHash({ hash: name }: Parameters): CiphersuiteImpl['hash'] {
  return {
    digest: (data) => Promise.resolve(bytesOf(hash(name, data, 'buffer'))),
    mac: (key, data) => Promise.resolve(hmac(name, key, data)),
    verifyMac(key, mac, data) {
      const expected = hmac(name, key, data);
      return Promise.resolve(mac.length === expected.length && timingSafeEqual(mac, expected));
    },
  };
}

function makeAead({ cipher }: Parameters): Pick<CiphersuiteImpl['hpke'], 'encryptAead' | 'decryptAead'> {
  return {
    encryptAead(key, nonce, associated, plaintext) {
      const sealing = createCipheriv(cipher, key, nonce).setAAD(associated ?? new Uint8Array());
      const sealed = Buffer.concat([sealing.update(plaintext), sealing.final(), sealing.getAuthTag()]);
      return Promise.resolve(bytesOf(sealed));
    },
    // A failure is a rejection, as `ts-mls` expects it.
    async decryptAead(key, nonce, associated, sealed) {
      const opening = createDecipheriv(cipher, key, nonce, { authTagLength: TAG_BYTES });
      opening.setAAD(associated ?? new Uint8Array()).setAuthTag(sealed.subarray(-TAG_BYTES));
      const opened = opening.update(sealed.subarray(0, -TAG_BYTES));
      opening.final();
      return await Promise.resolve(bytesOf(opened));
    },
  };
}

/** Verifies canonical encodings only, as the port of `shared` promises. */
const SIGNATURE: CiphersuiteImpl['signature'] = {
  sign: (seed, message) => Promise.resolve(bytesOf(nativeCrypto.ed25519Sign(seed, message))),
  verify: (publicKey, message, signature) => Promise.resolve(nativeCrypto.ed25519Verify(publicKey, message, signature)),
  keygen() {
    const signKey = bytesOf(randomBytes(32));
    return Promise.resolve({ signKey, publicKey: bytesOf(nativeCrypto.ed25519PublicKey(signKey)) });
  },
};

function hmac(name: Parameters['hash'], key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(name, key);
  for (const part of parts) mac.update(part);
  return bytesOf(mac.digest());
}

/** A Buffer as the plain array that it is: its `slice` is a view, which `ts-mls` does not expect. */
function bytesOf(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
