import { describe, expect, it, jest } from '@jest/globals';
import { argon2Sync, randomBytes } from 'node:crypto';
import { PasswordHasher, type Derive } from './password-hasher.ts';

jest.setTimeout(30_000);

const COST = { memory: 65_536, passes: 3, parallelism: 1 };

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
    expect(await hasher.verify('correct horse', keeps(kept))).toEqual({ isRight: true, isOutdated: false });
    expect(await hasher.verify('correct hors', keeps(kept))).toMatchObject({ isRight: false });
  });

  it('a hash with weaker parameters fits, and is to be made anew', async () => {
    const kept = weakHash('correct horse');
    expect(await new PasswordHasher().verify('correct horse', keeps(kept))).toEqual({
      isRight: true,
      isOutdated: true,
    });
  });

  it('C3: nobody, somebody and a damaged hash cost the same work', async () => {
    const asked: object[] = [];
    const hasher = new PasswordHasher({
      derive: (_password, { salt, ...cost }) => {
        asked.push({ ...cost, salt: salt.length });
        return Promise.resolve(Buffer.alloc(cost.size, 7));
      },
    });
    const kept = await hasher.hash('correct horse');
    expect(await hasher.verify('any', keeps(kept))).toMatchObject({ isRight: true });
    expect(await hasher.verify('any', keeps(undefined))).toMatchObject({ isRight: false });
    expect(await hasher.verify('any', keeps('no hash'))).toMatchObject({ isRight: false });
    expect(asked).toEqual(Array.from({ length: 4 }, () => ({ ...COST, size: 32, salt: 16 })));
  });

  it('B8, C3: who gets a turn is settled before anybody looks for the account', async () => {
    const hasher = new PasswordHasher({ derive: () => Promise.resolve(Buffer.alloc(32)) });
    const found = Promise.withResolvers<string | undefined>();
    const looked: string[] = [];
    const look = (name: string) => (): Promise<string | undefined> => {
      looked.push(name);
      return found.promise;
    };
    const asked = ['a', 'b', ...Array.from({ length: 17 }, () => 'later')].map((name) =>
      hasher.verify('any', look(name)),
    );
    const settled = Promise.allSettled(asked);
    await expect(asked[18]).rejects.toMatchObject({ code: 'E_BUSY' });
    expect(looked).toEqual(['a', 'b']);
    found.resolve(undefined);
    expect((await settled).filter(({ status }) => status === 'fulfilled')).toHaveLength(18);
    expect(looked).toHaveLength(18);
  });

  it('A10: what is kept and would cost a gibibyte fails, with the work of any other', async () => {
    const memory: number[] = [];
    const derive: Derive = (_, parameters) => {
      memory.push(parameters.memory);
      return Promise.resolve(Buffer.alloc(parameters.size));
    };
    const hasher = new PasswordHasher({ derive });
    const kept = `$argon2id$v=19$m=1048576,t=3,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
    expect(await hasher.verify('correct horse', keeps(kept))).toEqual({ isRight: false, isOutdated: false });
    expect(memory).toEqual([65_536]);
  });

  it('B8: two work, sixteen wait, and the rest is told at once to come back', async () => {
    const work: PromiseWithResolvers<Buffer>[] = [];
    const hasher = new PasswordHasher({ derive: () => next(work) });
    const asked = Array.from({ length: 40 }, () => hasher.hash('correct horse'));
    const settled = Promise.allSettled(asked);
    await expect(asked[18]).rejects.toMatchObject({ code: 'E_BUSY', retryAfterMs: 1_000 });
    expect([work.length, hasher.queueLength]).toEqual([2, 16]);
    for (let done = 0; done < 18; done++) {
      work[done]?.resolve(Buffer.alloc(32));
      await asked[done];
      expect(work).toHaveLength(Math.min(18, done + 3));
    }
    const results = await settled;
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(18);
    expect(hasher.queueLength).toBe(0);
  });

  it('B8: never do more than two work, whoever comes when one is done; one that fails gives its place on', async () => {
    const work: PromiseWithResolvers<Buffer>[] = [];
    const hasher = new PasswordHasher({ derive: () => next(work) });
    const asked = Array.from({ length: 4 }, () => hasher.hash('correct horse'));
    const later: Promise<string>[] = [];
    work[0]?.promise.catch(() => undefined).finally(() => later.push(hasher.hash('late')));
    work[0]?.reject(new Error('out of memory'));
    await expect(asked[0]).rejects.toThrow('out of memory');
    expect(work).toHaveLength(3);
    for (let done = 1; done < 5; done++) {
      work[done]?.resolve(Buffer.alloc(32));
      await Promise.resolve(asked[done] ?? later[0]);
      expect(work.length - done).toBeLessThanOrEqual(3);
    }
    expect(work).toHaveLength(5);
    expect(later).toHaveLength(1);
  });
});

function keeps(kept: string | undefined): () => Promise<string | undefined> {
  return () => Promise.resolve(kept);
}

/** Work that the test ends. */
function next(work: PromiseWithResolvers<Buffer>[]): Promise<Buffer> {
  const made = Promise.withResolvers<Buffer>();
  work.push(made);
  return made.promise;
}
