/** HPKE in base mode (RFC 9180 §5.1.1) over `node:crypto`, in the shape that `ts-mls` asks for. */
import { concat, utf8Encode } from '@sealane/shared/bytes';
import { SealaneError } from '@sealane/shared/errors';
import { type CiphersuiteImpl } from 'ts-mls';
import { type Aead } from './aead.ts';
import { LabelledKdf, twoBytes, type HashName } from './kdf.ts';
import { type Kem } from './kems.ts';

type Hpke = CiphersuiteImpl['hpke'];

/** What `ts-mls` hands around as a key. */
class KemKey {
  readonly type: 'private' | 'public';
  readonly bytes: Uint8Array;

  constructor(type: 'private' | 'public', bytes: Uint8Array) {
    this.type = type;
    this.bytes = bytes;
  }
}

const EMPTY = new Uint8Array();
const BASE_MODE = Uint8Array.of(0);

/** @param kdfId and aeadId numbers in the registry of HPKE. */
export interface HpkeParameters {
  readonly kem: Kem;
  readonly hash: HashName;
  readonly kdfId: number;
  readonly aead: Aead;
}

/** Keys of one encapsulated secret. */
interface KeySchedule {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly exporterSecret: Uint8Array;
}

export function makeHpke({ kem, hash, kdfId, aead }: HpkeParameters): Hpke {
  const suiteId = concat(utf8Encode('HPKE'), twoBytes(kem.id), twoBytes(kdfId), twoBytes(aead.id));
  const kdf = new LabelledKdf(hash, suiteId);

  function schedule(sharedSecret: Uint8Array, info: Uint8Array): KeySchedule {
    const names = concat(BASE_MODE, kdf.extract(EMPTY, 'psk_id_hash', EMPTY), kdf.extract(EMPTY, 'info_hash', info));
    const secret = kdf.extract(sharedSecret, 'secret', EMPTY);
    return {
      key: kdf.expand(secret, 'key', names, aead.keyBytes),
      nonce: kdf.expand(secret, 'base_nonce', names, aead.nonceBytes),
      exporterSecret: kdf.expand(secret, 'exp', names, hash.hashBytes),
    };
  }

  function pairOf(privateKey: Uint8Array): { privateKey: KemKey; publicKey: KemKey } {
    const publicKey = new KemKey('public', kem.publicKeyOf(privateKey));
    return { privateKey: new KemKey('private', privateKey), publicKey };
  }

  const hpke = {
    keyLength: aead.keyBytes,
    nonceLength: aead.nonceBytes,
    seal: ({ bytes }: KemKey, plaintext: Uint8Array, info: Uint8Array, associated: Uint8Array = EMPTY) =>
      settle(() => {
        const { enc, sharedSecret } = kem.encapsulate(bytes);
        const { key, nonce } = schedule(sharedSecret, info);
        return { enc, ct: aead.seal(key, nonce, associated, plaintext) };
      }),
    open: (key: KemKey, enc: Uint8Array, sealed: Uint8Array, info: Uint8Array, associated: Uint8Array = EMPTY) =>
      settle(() => {
        const keys = schedule(kem.decapsulate(key.bytes, enc), info);
        return aead.open(keys.key, keys.nonce, associated, sealed);
      }),
    exportSecret: ({ bytes }: KemKey, context: Uint8Array, size: number, info: Uint8Array) =>
      settle(() => {
        const { enc, sharedSecret } = kem.encapsulate(bytes);
        return { enc, secret: kdf.expand(schedule(sharedSecret, info).exporterSecret, 'sec', context, size) };
      }),
    importSecret: ({ bytes }: KemKey, context: Uint8Array, enc: Uint8Array, size: number, info: Uint8Array) =>
      settle(() => kdf.expand(schedule(kem.decapsulate(bytes, enc), info).exporterSecret, 'sec', context, size)),
    importPrivateKey: (bytes: Uint8Array) => settle(() => keyOf('private', bytes, kem.privateKeyBytes)),
    importPublicKey: (bytes: Uint8Array) => settle(() => keyOf('public', bytes, kem.publicKeyBytes)),
    exportPublicKey: ({ bytes }: KemKey) => Promise.resolve(bytes.slice()),
    exportPrivateKey: ({ bytes }: KemKey) => Promise.resolve(bytes.slice()),
    encryptAead: (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array | undefined, plaintext: Uint8Array) =>
      settle(() => aead.seal(key, nonce, associated ?? EMPTY, plaintext)),
    decryptAead: (key: Uint8Array, nonce: Uint8Array, associated: Uint8Array | undefined, sealed: Uint8Array) =>
      settle(() => aead.open(key, nonce, associated ?? EMPTY, sealed)),
    deriveKeyPair: (material: Uint8Array) => settle(() => pairOf(kem.derivePrivateKey(material))),
    generateKeyPair: () => settle(() => pairOf(kem.generatePrivateKey())),
  };
  return hpke;
}

function keyOf(type: KemKey['type'], bytes: Uint8Array, size: number): KemKey {
  if (bytes.length !== size) throw new RangeError(`a ${type} key must have ${size} bytes`);
  return new KemKey(type, Uint8Array.from(bytes));
}

/** A promise of what `work` gives. What is wrong with a key is told as `ts-mls` would: it is no error of a connection. */
function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => {
    try {
      resolve(work());
    } catch (error) {
      if (!(error instanceof SealaneError)) throw error;
      throw new TypeError(error.message, { cause: error });
    }
  });
}
