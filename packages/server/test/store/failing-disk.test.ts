/** S1, S4: disks that are slow, or fail. The system calls of a process are changed with strace; without it skipped, visibly. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkReceipts, readReceiver, StoreFolder } from './store-folder.ts';
import { canTrace, inject } from './strace.ts';

if (!canTrace) console.warn('SKIPPED S1, S4: they need strace');

let space: StoreFolder;

(canTrace ? describe : describe.skip)('a disk that does not do as it should', () => {
  beforeEach(() => {
    space = new StoreFolder();
  });
  afterEach(() => space.remove());

  it('S1: an fsync takes 2 s: receipts wait for it, and everything else goes on', async () => {
    const warmUp = await space.open();
    await warmUp.store.close();
    const child = space.child({ inFlight: 8 });
    await child.until(() => child.stored.length > 20);
    const tracer = inject(child.pid, 'fdatasync,fsync', 'delay_enter=2000000');
    try {
      await child.until(() => child.linesOf('alive').length > 3 && isTraced(child.pid));
      await sleep(300);
      const [stored, lines] = [child.stored.length, child.lines.length];
      await sleep(1_200);
      // One commit may have been under way, and one came after it.
      expect(child.stored.length - stored).toBeLessThanOrEqual(16);
      // Between one receipt and the next: its loop turns while the disk does not.
      await child.until(() => longestRunOf('alive', child.lines.slice(lines)) > 5);
      expect(child.linesOf('alive').at(-1)).toBe('alive ready');
    } finally {
      tracer.end();
    }
    await child.until(() => child.stored.length > 200);
  }, 60_000);

  it('S4: an fsync fails once: not ready, exit 74, and the next start has everything that was confirmed', async () => {
    const child = space.child({ inFlight: 32 });
    await child.until(() => child.stored.length > 50);
    inject(child.pid, 'fdatasync,fsync', 'error=EIO:when=1');
    expect(await child.ended).toBe(74);
    expect(child.linesOf('health')).toEqual(['health failed']);
    expect(child.lines.indexOf('health failed')).toBeGreaterThan(0);
    const afterFailure = child.lines.slice(child.lines.indexOf('health failed'));
    expect(afterFailure.filter((line) => line.startsWith('stored'))).toEqual([]);
    const again = space.child({ inFlight: 32 });
    await again.until(() => again.stored.length > 50);
    await again.kill();
    const { store } = await space.open();
    checkReceipts(await readReceiver(store), [...child.stored, ...again.stored]);
  }, 60_000);

  it('S4: writes that fail with EIO end it as well', async () => {
    const child = space.child({ inFlight: 4 });
    await child.until(() => child.stored.length > 50);
    inject(child.pid, 'pwrite64', 'error=EIO');
    expect(await child.ended).toBe(74);
    const { store } = await space.open();
    checkReceipts(await readReceiver(store), child.stored);
  }, 60_000);
});

/** Whether strace has all threads of a process. */
function isTraced(pid: number): boolean {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return tasks.every((task) => !readFileSync(`/proc/${pid}/task/${task}/status`, 'utf8').includes('TracerPid:\t0\n'));
}

/** Most lines with this word without another one between them. */
function longestRunOf(word: string, lines: readonly string[]): number {
  let [longest, run] = [0, 0];
  for (const line of lines) {
    run = line.startsWith(`${word} `) ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest;
}
