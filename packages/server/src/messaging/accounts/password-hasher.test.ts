import { describe, expect, it } from '@jest/globals';
import { argon2Sync, randomBytes } from 'node:crypto';
import { PasswordHasher } from './password-hasher.ts';

/** A hash as an earlier version made it, with less work. */
function weakHash(password: string): string {
  const nonce = randomBytes(16);
  const cost = { parallelism: 1, memory: 8_192, passes: 1, tagLength: 32 };
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '');
  const hash = argon2Sync('argon2id', { message: password, nonce, ...cost });
  return `$argon2id$v=19$m=8192,t=1,p=1$${text(nonce)}$${text(hash)}`;
}

describe('PasswordHasher', () => {
  it('C3: Argon2id with 64 MiB, three passes, one lane; the parameters are part of what is kept', async () => {
    const hasher = new PasswordHasher();
    const kept = await hasher.hash('correct horse');
    expect(kept).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await hasher.hash('correct horse')).not.toBe(kept);
    expect(await hasher.verify('correct horse', kept)).toEqual({ isRight: true, isOutdated: false });
    expect(await hasher.verify('correct hors', kept)).toMatchObject({ isRight: false });
  });

  it('a hash with weaker parameters fits, and is to be made anew', async () => {
    const kept = weakHash('correct horse');
    expect(await new PasswordHasher().verify('correct horse', kept)).toEqual({ isRight: true, isOutdated: true });
  });

  it('C3: nobody takes as long as somebody', async () => {
    const hasher = new PasswordHasher();
    const kept = await hasher.hash('correct horse');
    // CPU of all threads: on a busy machine time says nothing.
    const took = async (hash: string | undefined): Promise<number> => {
      const times: number[] = [];
      for (let count = 0; count < 5; count++) {
        const before = process.cpuUsage();
        expect((await hasher.verify('wrong', hash)).isRight).toBe(false);
        const { user, system } = process.cpuUsage(before);
        times.push(user + system);
      }
      return Math.min(...times);
    };
    const [known, unknown, damaged] = [await took(kept), await took(undefined), await took('no hash')];
    expect(unknown).toBeGreaterThan(known * 0.5);
    expect(unknown).toBeLessThan(known * 2);
    expect(damaged).toBeGreaterThan(known * 0.5);
  }, 30_000);

  it('two work, sixteen wait, and the rest is told at once to come back', async () => {
    const hasher = new PasswordHasher();
    const start = performance.now();
    const asked = Array.from({ length: 40 }, () => hasher.hash('correct horse'));
    const refused: number[] = [];
    for (const one of asked) one.catch(() => refused.push(performance.now() - start));
    expect(hasher.queueLength).toBe(16);
    const results = await Promise.allSettled(asked);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(18);
    const [first] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(first).toMatchObject({ code: 'E_BUSY', retryAfterMs: 1_000 });
    expect(Math.max(...refused)).toBeLessThan(100);
    expect(hasher.queueLength).toBe(0);
    expect((await hasher.verify('wrong', undefined)).isRight).toBe(false);
  }, 30_000);
});
