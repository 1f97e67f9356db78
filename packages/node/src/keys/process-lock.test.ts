import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireProcessLock, lockHolder } from './index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-lock-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A process of its own that takes the lock, says so and waits. */
async function holder() {
  const module = new URL('./process-lock.ts', import.meta.url).href;
  const script = `const { acquireProcessLock } = await import(${JSON.stringify(module)});
    try { await acquireProcessLock(process.argv[1]); console.log('held'); setInterval(() => 0, 1000); }
    catch (error) { console.log(error.code); }`;
  const child = spawn(
    process.execPath,
    ['--conditions=@sealane/source', '--input-type=module', '-e', script, directory],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, said: String(said).trim(), end: async () => (child.kill('SIGKILL'), once(child, 'exit')) };
}

describe('process lock', () => {
  it('S7: a second process is refused with the PID of the first; after kill -9 the lock is free', async () => {
    const first = await holder();
    expect(first.said).toBe('held');
    expect(lockHolder(directory)).toBe(first.child.pid);
    await expect(acquireProcessLock(directory)).rejects.toMatchObject({
      code: 'E_DATA_IN_USE',
      message: expect.stringContaining(`in use by process ${String(first.child.pid)}`) as unknown,
    });
    await first.end();
    expect(lockHolder(directory)).toBeUndefined();
    const lock = await acquireProcessLock(directory);
    lock.release();
    lock.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('S7: of several that find the lock of a dead process, one gets it', async () => {
    const dead = await holder();
    await dead.end();
    const rivals = await Promise.all([holder(), holder(), holder()]);
    expect(rivals.map(({ said }) => said).sort()).toEqual(['E_DATA_IN_USE', 'E_DATA_IN_USE', 'held']);
    await Promise.all(rivals.filter(({ said }) => said === 'held').map(({ end }) => end()));
  });

  it('S7: a process with the same PID by reuse does not hold the lock', async () => {
    await acquireProcessLock(directory);
    const file = join(directory, 'lock');
    const [pid, start] = readFileSync(file, 'utf8').split(' ');
    if (start === '-') {
      console.warn('NOT SHOWN: no /proc here, PID reuse cannot be told (S7)');
      return;
    }
    writeFileSync(file, `${pid!} 00000000-1 x\n`);
    const lock = await acquireProcessLock(directory);
    lock.release();
  });

  it.each(['', 'garbage', '-1 x', '99999999999999 x'])(
    'S7: the remains %j of a crash do not block',
    async (content) => {
      writeFileSync(join(directory, 'lock'), content);
      (await acquireProcessLock(directory)).release();
    },
  );
});
