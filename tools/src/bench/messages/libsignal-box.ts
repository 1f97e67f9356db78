/**
 * libsignal (PQXDH, Double Ratchet with SPQR) as a yardstick: AGPL, so it is no dependency, not even of the bench. Who wants it
 * in the comparison installs it somewhere and names that folder in `BENCH_LIBSIGNAL`:
 * `npm install @signalapp/libsignal-client` in an empty folder.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MessageBox } from './message-box.ts';

/** An object of the package, of which nothing is asked here. */
interface Opaque {
  toString(): string;
}
type Bytes = Uint8Array;

interface PublicKey extends Opaque {
  serialize(): Bytes;
}
interface PrivateKey extends Opaque {
  getPublicKey(): PublicKey;
  sign(message: Bytes): Bytes;
}
interface IdentityKeys {
  readonly publicKey: PublicKey;
  readonly privateKey: PrivateKey;
}
interface Ciphertext {
  type(): number;
  serialize(): Bytes;
}
interface KemKeys extends Opaque {
  getPublicKey(): PublicKey;
}

/** A class of the package: what makes its objects is a function of this name. */
interface Made {
  readonly new: (...fields: readonly unknown[]) => Opaque;
}

/** What is used of the package. */
interface Libsignal {
  readonly ProtocolAddress: Made;
  readonly IdentityKeyPair: { generate(): IdentityKeys };
  readonly PrivateKey: { generate(): PrivateKey };
  readonly KEMKeyPair: { generate(): KemKeys };
  readonly SignedPreKeyRecord: Made;
  readonly KyberPreKeyRecord: Made;
  readonly PreKeyBundle: Made;
  readonly PreKeySignalMessage: { deserialize(bytes: Bytes): Opaque };
  readonly SignalMessage: { deserialize(bytes: Bytes): Opaque };
  readonly CiphertextMessageType: { readonly PreKey: number };
  processPreKeyBundle(...fields: unknown[]): Promise<void>;
  signalEncrypt(...fields: unknown[]): Promise<Ciphertext>;
  signalDecrypt(...fields: unknown[]): Promise<Bytes>;
  signalDecryptPreKey(...fields: unknown[]): Promise<Bytes>;
}

/** Whether it is there to be measured. */
export function hasLibsignal(): boolean {
  return process.env['BENCH_LIBSIGNAL'] !== undefined;
}

/** One party: keys, and records by name. */
class Party {
  readonly identity: IdentityKeys;
  readonly address: Opaque;
  readonly #records = new Map<string, unknown>();

  constructor(library: Libsignal, name: string) {
    this.identity = library.IdentityKeyPair.generate();
    this.address = library.ProtocolAddress.new(name, 1);
  }

  readonly sessions = {
    saveSession: (address: Opaque, record: unknown) => this.#put(`session ${String(address)}`, record),
    getSession: (address: Opaque) => Promise.resolve(this.#records.get(`session ${String(address)}`) ?? null),
    getExistingSessions: (addresses: Opaque[]) =>
      Promise.resolve(addresses.map((address) => this.#records.get(`session ${String(address)}`))),
  };

  readonly identities = {
    getIdentityKey: () => Promise.resolve(this.identity.privateKey),
    getIdentityKeyPair: () => Promise.resolve(this.identity),
    getLocalRegistrationId: () => Promise.resolve(1),
    saveIdentity: () => Promise.resolve(0),
    isTrustedIdentity: () => Promise.resolve(true),
    getIdentity: () => Promise.resolve(null),
  };

  readonly preKeys = {
    savePreKey: () => Promise.resolve(),
    getPreKey: () => Promise.reject(new Error('there is none')),
    removePreKey: () => Promise.resolve(),
  };

  readonly signedPreKeys = {
    saveSignedPreKey: (id: number, record: unknown) => this.#put(`signed ${id}`, record),
    getSignedPreKey: (id: number) => Promise.resolve(this.#records.get(`signed ${id}`)),
  };

  readonly kyberPreKeys = {
    saveKyberPreKey: (id: number, record: unknown) => this.#put(`kyber ${id}`, record),
    getKyberPreKey: (id: number) => Promise.resolve(this.#records.get(`kyber ${id}`)),
    markKyberPreKeyUsed: () => Promise.resolve(),
  };

  #put(name: string, record: unknown): Promise<void> {
    this.#records.set(name, record);
    return Promise.resolve();
  }
}

export async function libsignalBox(): Promise<MessageBox> {
  const library = await load();
  const [ada, bob] = [new Party(library, 'ada'), new Party(library, 'bob')];
  await offer(library, { from: bob, to: ada });
  const send = (from: Party, to: Party, message: Bytes): Promise<Ciphertext> =>
    library.signalEncrypt(message, to.address, from.address, from.sessions, from.identities);
  const take = (by: Party, from: Party, message: Ciphertext): Promise<Bytes> => {
    const bytes = message.serialize();
    const common = [from.address, by.address, by.sessions, by.identities];
    if (message.type() !== library.CiphertextMessageType.PreKey)
      return library.signalDecrypt(library.SignalMessage.deserialize(bytes), ...common);
    const first = library.PreKeySignalMessage.deserialize(bytes);
    return library.signalDecryptPreKey(first, ...common, by.preKeys, by.signedPreKeys, by.kyberPreKeys);
  };
  // One answer, so that what follows is an established conversation.
  await take(bob, ada, await send(ada, bob, Uint8Array.of(1)));
  await take(ada, bob, await send(bob, ada, Uint8Array.of(2)));
  const sealed = new WeakMap<Bytes, Ciphertext>();
  return {
    async seal(plaintext) {
      const message = await send(ada, bob, plaintext);
      const bytes = message.serialize();
      sealed.set(bytes, message);
      return bytes;
    },
    open(bytes) {
      const message = sealed.get(bytes);
      if (message === undefined) throw new Error('sealed by somebody else');
      return take(bob, ada, message);
    },
    close: () => Promise.resolve(),
  };
}

async function load(): Promise<Libsignal> {
  const folder = resolve(process.env['BENCH_LIBSIGNAL'] ?? '.');
  const entry = createRequire(join(folder, 'package.json')).resolve('@signalapp/libsignal-client');
  return (await import(pathToFileURL(entry).href)) as Libsignal;
}

/** A party takes the bundle of another. */
async function offer(library: Libsignal, { from, to }: { readonly from: Party; readonly to: Party }): Promise<void> {
  const { identity } = from;
  const [signed, kyber] = [library.PrivateKey.generate(), library.KEMKeyPair.generate()];
  const signedBy = identity.privateKey.sign(signed.getPublicKey().serialize());
  const kyberBy = identity.privateKey.sign(kyber.getPublicKey().serialize());
  await from.signedPreKeys.saveSignedPreKey(
    1,
    library.SignedPreKeyRecord.new(1, Date.now(), signed.getPublicKey(), signed, signedBy),
  );
  await from.kyberPreKeys.saveKyberPreKey(1, library.KyberPreKeyRecord.new(1, Date.now(), kyber, kyberBy));
  const bundle = library.PreKeyBundle.new(
    ...[1, 1, null, null, 1, signed.getPublicKey(), signedBy, identity.publicKey, 1, kyber.getPublicKey(), kyberBy],
  );
  await library.processPreKeyBundle(bundle, from.address, to.address, to.sessions, to.identities);
}
