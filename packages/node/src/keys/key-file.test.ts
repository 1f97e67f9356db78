import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { equalBytes } from '@sealane/shared/bytes';
import { fingerprint } from '@sealane/shared/crypto';
import { nativeCrypto as crypto } from '@sealane/shared/crypto-native';
import { followKeySuccessions } from '@sealane/shared/documents';
import { ConfigError } from '@sealane/shared/errors';
import { explanationOf, type Explanation } from '../config/index.ts';
import {
  createKeyFile,
  fileKeyProvider,
  idlePassphrase,
  loadKeyFile,
  loadSuccessions,
  managedKeyProvider,
  openIdentity,
  readKeyFileFingerprint,
  rotateIdentity,
  type KeyManagementService,
} from './index.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-keys-'));
  file = join(directory, 'identity.key');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Argon2id takes its time, and more on a busy machine. */
const ARGON2_TEST_MS = 60_000;

const seed = Uint8Array.from({ length: 32 }, (_, index) => index);
const kind = 'server';
const created = new Date(0);
const identityOptions = { crypto, kind, random: (size: number) => randomBytes(size), wallClock: () => 0 } as const;

const failure = async (run: Promise<unknown>): Promise<Explanation & { code: string; message: string }> => {
  const error = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConfigError) return { code: error.code, message: error.message, ...explanationOf(error) };
  throw new Error('expected a ConfigError', { cause: error });
};

describe('key file', () => {
  it('gives the identity back, has mode 0600 and leaves nothing else behind', async () => {
    expect(await createKeyFile(file, seed, { crypto, kind, created })).toBe(true);
    const identity = await loadKeyFile(file, { crypto, kind });
    expect(readKeyFileFingerprint(file, kind)).toBe(fingerprint(crypto, identity.static.publicKey));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['identity.key']);
  });

  it('S6: an existing file is never replaced', async () => {
    writeFileSync(file, 'precious');
    expect(await createKeyFile(file, seed, { crypto, kind, created })).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  it(
    'A12: a passphrase hides the seed and is needed',
    async () => {
      await createKeyFile(file, seed, { crypto, kind, created, passphrase: 'correct horse' });
      expect(readFileSync(file, 'utf8')).not.toContain(Buffer.from(seed).toString('base64').slice(0, 20));
      const identity = await loadKeyFile(file, { crypto, kind, passphrase: 'correct horse' });
      expect(fingerprint(crypto, identity.static.publicKey)).toBe(readKeyFileFingerprint(file, kind));
      expect((await failure(loadKeyFile(file, { crypto, kind, passphrase: 'wrong' }))).code).toBe('E_PASSPHRASE');
      expect(await failure(loadKeyFile(file, { crypto, kind }))).toMatchObject({
        code: 'E_PASSPHRASE',
        why: 'No passphrase was given.',
        next: expect.stringContaining('--passphrase-file') as unknown,
      });
      expect(idlePassphrase(directory, { kind, passphrase: 'correct horse' })).toBeUndefined();
    },
    ARGON2_TEST_MS,
  );

  it('S8: a passphrase for a key that none protects is noticed', async () => {
    expect(idlePassphrase(directory, { kind, passphrase: 'p' })).toBeUndefined();
    await createKeyFile(file, seed, { crypto, kind, created });
    expect(idlePassphrase(directory, { kind, passphrase: undefined })).toBeUndefined();
    expect(idlePassphrase(directory, { kind, passphrase: 'p' })).toBe(
      `The key file ${file} is not protected by a passphrase, though one is given`,
    );
  });

  it('D12: a damaged key says what its program can do about it', async () => {
    writeFileSync(file, 'x', { mode: 0o600 });
    const nextOf = async (of: 'server' | 'agent') => (await failure(loadKeyFile(file, { crypto, kind: of }))).next;
    expect(await nextOf('server')).toContain('keygen');
    expect(await nextOf('agent')).toMatch(/move it and identity\.pub away: .*enrol --id ID --replace/);
    expect(await nextOf('agent')).not.toContain('keygen');
  });

  it(
    'A10: parameters that would cost a gibibyte are refused before they are used',
    async () => {
      await createKeyFile(file, seed, { crypto, kind, created, passphrase: 'p' });
      const content = JSON.parse(readFileSync(file, 'utf8')) as { sealed: Record<string, unknown> };
      for (const hostile of [{ memoryKiB: 1_048_576 }, { passes: 1_000 }, { parallelism: 64 }, { memoryKiB: 8 }]) {
        writeFileSync(file, JSON.stringify({ ...content, sealed: { ...content.sealed, ...hostile } }));
        const { code, message } = await failure(loadKeyFile(file, { crypto, kind, passphrase: 'p' }));
        expect(code).toBe('E_KEY_FILE');
        expect(message).toContain(Object.keys(hostile)[0]);
      }
    },
    ARGON2_TEST_MS,
  );

  it.each([
    ['empty', ''],
    ['cut', '{"format":"sealane-key","version":1,"ki'],
    ['foreign', '-----BEGIN OPENSSH PRIVATE KEY-----\n'],
    ['other JSON', '{"a":1}'],
    ['null', 'null'],
    ['huge', 'x'.repeat(20_000)],
  ])('D12, S6: a file that is %s is named, with a hint, and left as it is', async (_name, content) => {
    writeFileSync(file, content, { mode: 0o600 });
    const { code, message, next } = await failure(openIdentity(directory, identityOptions));
    expect(code).toBe('E_KEY_FILE');
    expect(message).toContain(file);
    expect(next).toContain('backup');
    expect(readFileSync(file, 'utf8')).toBe(content);
  });

  it('D12: every cut and every flipped bit is refused or harmless, never a crash', async () => {
    await createKeyFile(file, seed, { crypto, kind, created });
    const whole = readFileSync(file);
    const { static: original } = await loadKeyFile(file, { crypto, kind });
    const load = async (): Promise<void> => {
      const loaded = await loadKeyFile(file, { crypto, kind }).catch((error: unknown) => error);
      if (loaded instanceof ConfigError) return;
      expect(equalBytes((loaded as { static: typeof original }).static.publicKey, original.publicKey)).toBe(true);
    };
    for (let size = 0; size < whole.length; size += 7) {
      writeFileSync(file, whole);
      truncateSync(file, size);
      await load();
    }
    for (let offset = 0; offset < whole.length; offset++) {
      const flipped = Buffer.from(whole);
      flipped[offset] = (flipped[offset] ?? 0) ^ 0x04;
      writeFileSync(file, flipped);
      await load();
    }
  });

  it('S8: a file that others may read is refused with the command that helps', async () => {
    await createKeyFile(file, seed, { crypto, kind, created });
    for (const mode of [0o644, 0o640, 0o604]) {
      chmodSync(file, mode);
      expect(await failure(loadKeyFile(file, { crypto, kind }))).toMatchObject({
        code: 'E_KEY_MODE',
        next: `Run: chmod 600 ${file}`,
      });
    }
  });

  it('D12: an agent key does not serve as a server key, nor a newer format as this one', async () => {
    await createKeyFile(file, seed, { crypto, kind: 'agent', created });
    expect((await failure(loadKeyFile(file, { crypto, kind }))).message).toContain('the key of an agent');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"version": 1', '"version": 2'));
    expect((await failure(loadKeyFile(file, { crypto, kind: 'agent' }))).message).toContain('newer version');
  });
});

const root = process.getuid?.() === 0;
if (!root) console.warn('SKIPPED: wrong owner (S8) needs root');

describe('identity of a data directory', () => {
  it('is made once; several processes at once get the same', async () => {
    const identities = await Promise.all(Array.from({ length: 8 }, () => openIdentity(directory, identityOptions)));
    expect(new Set(identities.map((each) => fingerprint(crypto, each.static.publicKey))).size).toBe(1);
  });

  it('S6: a lost key is noticed, not replaced', async () => {
    await openIdentity(directory, identityOptions);
    rmSync(file);
    expect(await failure(openIdentity(directory, identityOptions))).toMatchObject({ code: 'E_KEY_FILE' });
    expect(readdirSync(directory)).toEqual(['identity.pub']);
  });

  it('S8: a directory that others can write into is refused', async () => {
    chmodSync(directory, 0o777);
    expect(await failure(openIdentity(directory, identityOptions))).toMatchObject({
      code: 'E_CONFIG',
      next: `Run: chmod 700 ${directory}`,
    });
  });

  (root ? it : it.skip)('S8: a wrong owner is refused, of the directory and of the key', async () => {
    await openIdentity(directory, identityOptions);
    chownSync(file, 12_345, 12_345);
    expect((await failure(openIdentity(directory, identityOptions))).message).toContain('belongs to user 12345');
    chownSync(file, 0, 0);
    chownSync(directory, 12_345, 12_345);
    expect((await failure(openIdentity(directory, identityOptions))).code).toBe('E_CONFIG');
  });
});

describe('providers', () => {
  /** A key management service in memory: it seals by a mask that never leaves it. */
  class MaskingService implements KeyManagementService {
    calls = 0;
    wrap = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0x5a);
    async unwrap(wrapped: Uint8Array): Promise<Uint8Array> {
      this.calls++;
      return this.wrap(wrapped);
    }
  }

  it('B11: a key management service and a file give the same identity', async () => {
    await createKeyFile(file, seed, { crypto, kind, created });
    const service = new MaskingService();
    const name = readKeyFileFingerprint(file, kind);
    const managed = await managedKeyProvider(service, {
      crypto,
      wrapped: service.wrap(seed),
      fingerprint: name,
    }).load();
    const filed = await fileKeyProvider(file, { crypto, kind }).load();
    expect(equalBytes(managed.static.publicKey, filed.static.publicKey)).toBe(true);
    expect(service.calls).toBe(1);
  });

  it('B11: a refusal, a wrong size and a wrong key are named errors', async () => {
    const options = { crypto, wrapped: new Uint8Array(32), fingerprint: 'SHA256:x' };
    const down = managedKeyProvider({ unwrap: () => Promise.reject(new Error('down')) }, options);
    const short = managedKeyProvider({ unwrap: async () => new Uint8Array(31) }, options);
    for (const provider of [down, short, managedKeyProvider(new MaskingService(), options)]) {
      expect((await failure(provider.load())).code).toBe('E_KEY_FILE');
    }
  });
});

describe('rotation', () => {
  const nowSeconds = 1_000;
  const rotate = (notAfter = 2_000) => rotateIdentity(directory, { ...identityOptions, notAfter });
  const current = async (): Promise<Uint8Array> =>
    Uint8Array.from((await openIdentity(directory, identityOptions)).static.publicKey);

  it('B10: leads agents from any of the last keys to the new one, and keeps the old keys', async () => {
    const keys = [await current()];
    for (let round = 0; round < 6; round++) {
      await rotate();
      keys.push(await current());
    }
    const provedKey = keys.at(-1)!;
    const documents = loadSuccessions(directory, provedKey, nowSeconds);
    expect(documents).toHaveLength(4);
    const followed = keys.map((knownKey) =>
      followKeySuccessions(crypto, { documents, knownKey, provedKey, nowSeconds }),
    );
    expect(followed).toEqual([false, false, true, true, true, true, false]);
    expect(readdirSync(join(directory, 'retired'))).toHaveLength(6);
  });

  it('B10: an expired link is not shown', async () => {
    await current();
    await rotate(500);
    expect(loadSuccessions(directory, await current(), nowSeconds)).toEqual([]);
  });

  it('B10: a rotation cut before its last step changes nothing, and the next one goes on with its key', async () => {
    const knownKey = await current();
    const keyText = readFileSync(file);
    const { newFingerprint } = await rotate();
    const newText = readFileSync(file);
    // As if the last rename had not happened.
    writeFileSync(file, keyText);
    writeFileSync(join(directory, 'identity.key.next'), newText, { mode: 0o600 });
    expect(equalBytes(await current(), knownKey)).toBe(true);
    expect(loadSuccessions(directory, knownKey, nowSeconds)).toEqual([]);
    expect((await rotate()).newFingerprint).toBe(newFingerprint);
    const provedKey = await current();
    const documents = loadSuccessions(directory, provedKey, nowSeconds);
    expect(followKeySuccessions(crypto, { documents, knownKey, provedKey, nowSeconds })).toBe(true);
  });

  it('D12: a damaged successions file is named', async () => {
    const key = await current();
    for (const content of ['', '{}', '{"version":1,"successions":["AAAA"]}', '{"version":1,"successions":[1]}']) {
      writeFileSync(join(directory, 'successions.json'), content);
      expect(() => loadSuccessions(directory, key, nowSeconds)).toThrow(/successions.json is damaged/);
    }
  });
});
