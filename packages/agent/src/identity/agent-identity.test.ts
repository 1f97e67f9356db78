import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ephemeralIdentity, openAgentIdentity } from './agent-identity.ts';

const directory = mkdtempSync(join(tmpdir(), 'sealane-identity-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('agent identity', () => {
  it('B10 2.4.10: is made once, mode 0600, by however many come at once', async () => {
    const fresh = join(directory, 'fresh');
    const all = await Promise.all(Array.from({ length: 8 }, () => openAgentIdentity(fresh)));
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(statSync(join(fresh, 'identity.key')).mode & 0o777).toBe(0o600);
    expect((await openAgentIdentity(fresh)).fingerprint).toBe(all[0]?.fingerprint);
  });

  it('the default id is agent- and 16 characters of the hash of the key', () => {
    const { keys, defaultId, fingerprint } = ephemeralIdentity();
    const hash = createHash('sha256').update(keys.publicKey);
    expect(defaultId).toBe(`agent-${hash.copy().digest('hex').slice(0, 16)}`);
    expect(fingerprint).toBe(`SHA256:${hash.digest('base64').replace(/=+$/, '')}`);
    expect(ephemeralIdentity().defaultId).not.toBe(defaultId);
  });

  it('B10: a passphrase protects the key file', async () => {
    const sealed = join(directory, 'sealed');
    const made = await openAgentIdentity(sealed, { passphrase: 'right' });
    expect((await openAgentIdentity(sealed, { passphrase: 'right' })).fingerprint).toBe(made.fingerprint);
    await expect(openAgentIdentity(sealed, { passphrase: 'wrong' })).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
    await expect(openAgentIdentity(sealed)).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
  }, 30_000);
});
