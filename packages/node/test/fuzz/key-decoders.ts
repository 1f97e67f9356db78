/** Decoders of files about keys: key files, successions, known servers, locks. */
import { argon2Sync, createCipheriv } from 'node:crypto';
import { deepStrictEqual } from 'node:assert/strict';
import { concat, toBase64, utf8Encode } from '@sealane/shared/bytes';
import { IdentityKeys, fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { encodeKeySuccession } from '@sealane/shared/documents';
import { outcomeOf, outcomeOfAsync, type FuzzDecoder } from '@sealane/shared/testing';
import { KnownServers, loadKeyFile, loadSuccessions, lockHolder } from '../../src/keys/index.ts';
import { Scratch } from '../../src/testing/scratch.ts';

const PASSPHRASE = 'correct horse';
const seedOf = (number: number): Uint8Array => new Uint8Array(32).fill(number);
const identity = (number: number): IdentityKeys => new IdentityKeys(nativeCrypto, seedOf(number));
const nameOf = (number: number): string => fingerprint(nativeCrypto, identity(number).static.publicKey);
const jsonOf = (value: unknown): Uint8Array => utf8Encode(`${JSON.stringify(value, undefined, 2)}\n`);

const HEAD = { format: 'sealane-key', version: 1, kind: 'agent', created: '2026-01-01T00:00:00.000Z' };
/** The least that a key file may ask for, so that many of them are tried. */
const COST = { memoryKiB: 8_192, passes: 1, parallelism: 1 };

/** As `sealSeed`, without its randomness and with less work. */
function sealedBody(): object {
  const nonce = new Uint8Array(12).fill(2);
  const salt = new Uint8Array(16).fill(1);
  const message = utf8Encode(PASSPHRASE);
  const { memoryKiB: memory, ...cost } = COST;
  const key = argon2Sync('argon2id', { message, nonce: salt, memory, ...cost, tagLength: 32 });
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(utf8Encode(`sealane-key 1 agent ${nameOf(1)}`));
  const ciphertext = concat(cipher.update(seedOf(1)), cipher.final(), cipher.getAuthTag());
  const texts = { salt: toBase64(salt), nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) };
  return { sealed: { kdf: 'argon2id', ...COST, ...texts } };
}

/** What loads is the identity that the file names. */
function keyFileDecoder(name: string, body: () => object, options: Partial<FuzzDecoder>): FuzzDecoder {
  const scratch = new Scratch();
  const file = (): object => ({ ...HEAD, fingerprint: nameOf(1), ...body() });
  return {
    name,
    ...options,
    seeds: () => [
      jsonOf(file()),
      jsonOf({ ...file(), version: 2 }),
      jsonOf({ ...file(), fingerprint: nameOf(2) }),
      jsonOf({ ...file(), kind: 'server', seed: toBase64(seedOf(1)) }),
      utf8Encode('{}'),
    ],
    decode(input) {
      const path = scratch.file('identity.key', input);
      const load = async (): Promise<void> => {
        const loaded = await loadKeyFile(path, { crypto: nativeCrypto, kind: 'agent', passphrase: PASSPHRASE });
        deepStrictEqual(fingerprint(nativeCrypto, loaded.static.publicKey), nameOf(1));
      };
      return outcomeOfAsync(load, ['E_KEY_FILE', 'E_PASSPHRASE']);
    },
    close: () => scratch.remove(),
  };
}

const plainKeyFile = keyFileDecoder('key-file', () => ({ seed: toBase64(seedOf(1)) }), {});
/** A foreign file may ask for 256 MiB and ten passes: that is the most work that opening it may be. */
const sealedKeyFile = keyFileDecoder('key-file-with-passphrase', sealedBody, {
  limits: { timeMs: 8_000 },
  runs: 60,
});

const scratch = new Scratch();

/** Every server that is listed is found, and the same one. */
const knownServers: FuzzDecoder = {
  name: 'known-servers',
  seeds: () =>
    [
      `server.example:1337 ${nameOf(1)} trusted 2026-01-01T00:00:00.000Z\n`,
      `[::1]:1 ${nameOf(1)} accepted now\nserver.example:1337 - removed now\n# note\n\n`,
      `a:1 ${nameOf(1)} trusted x\na:1 ${nameOf(2)} trusted y\na:1 ${nameOf(2)} succeeded z\na:1 tor`,
      'a:1 - trusted x\n',
    ].map(utf8Encode),
  decode(input) {
    const servers = new KnownServers(scratch.file('known_servers', input), () => 0);
    return outcomeOf(() => {
      for (const server of servers.list()) deepStrictEqual(servers.lookup(server.address), server);
    }, ['E_DATA']);
  },
  close: () => scratch.remove(),
};

const successionFile = (successions: readonly string[]): Uint8Array => jsonOf({ version: 1, successions });
const link = (from: number): string =>
  toBase64(encodeKeySuccession(identity(from), { newKey: identity(from + 1).static.publicKey, notAfter: 9_000 }));

const successions: FuzzDecoder = {
  name: 'successions-file',
  seeds: () => [successionFile([]), successionFile([link(1), link(2)]), successionFile([link(2), 'AAAA'])],
  decode(input) {
    scratch.file('successions.json', input);
    const load = (): unknown => loadSuccessions(scratch.folder, identity(3).static.publicKey, 1_000);
    return outcomeOf(load, ['E_DATA']);
  },
  close: () => scratch.remove(),
};

/** Process 0 is nobody's and stands for none; others are only looked at. */
const lock: FuzzDecoder = {
  name: 'process-lock',
  seeds: () => [`${process.pid} - 00\n`, '4194305 - 0123\n', '0\n', '-1 x\n', ''].map(utf8Encode),
  decode(input) {
    scratch.file('lock', input);
    return String(lockHolder(scratch.folder) !== undefined);
  },
  close: () => scratch.remove(),
};

export const KEY_DECODERS: readonly FuzzDecoder[] = [plainKeyFile, sealedKeyFile, knownServers, successions, lock];
