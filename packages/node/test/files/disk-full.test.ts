/** F5: a full disk on either side, on a small tmpfs. Mounting needs root; without it the tests are skipped, visibly. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getFile, sendFile } from '../../src/files/index.ts';
import { Workspace, content } from './workspace.ts';

const SIZE = 4 * 2 ** 20;
let space: Workspace;
let small: string;

const canMount = tryMount();
if (!canMount) console.warn('SKIPPED F5: mounting a small tmpfs needs root');

(canMount ? describe : describe.skip)('F5: a full disk', () => {
  beforeEach(() => {
    small = mkdtempSync(join(tmpdir(), 'sealane-small-'));
    mount(small);
    space = new Workspace(join(small, 'inbox'));
  });
  afterEach(() => {
    space.remove();
    unmount(small);
  });

  it('F5: at the receiver of a put: E_DISK_FULL, the part is kept, and with room it resumes', async () => {
    await space.serve();
    writeFileSync(join(small, 'ballast'), content(3 * 2 ** 20));
    const path = space.file('f.bin', SIZE);
    const { agent } = space.connect();
    await expect(sendFile(agent, { path })).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(readdirSync(space.inbox)).toEqual(['.sealane-partial']);
    unlinkSync(join(small, 'ballast'));
    const result = await sendFile(agent, { path });
    expect(result.resumedFrom).toBeGreaterThan(2 * 2 ** 20);
    expect(space.stored('f.bin').equals(content(SIZE))).toBe(true);
  });

  it('F5: at the receiver of a get: the same, as an error of the own disk', async () => {
    const source = await new Workspace().serve();
    try {
      source.file('inbox/f.bin', SIZE);
      writeFileSync(join(small, 'ballast'), content(3 * 2 ** 20));
      const { agent } = source.connect();
      const output = join(small, 'out.bin');
      await expect(getFile(agent, { name: 'f.bin', output })).rejects.toMatchObject({
        code: 'E_DISK_FULL',
        name: 'StorageError',
      });
      expect(readdirSync(small).sort()).toEqual(['.sealane-partial', 'ballast']);
      unlinkSync(join(small, 'ballast'));
      expect((await getFile(agent, { name: 'f.bin', output })).resumedFrom).toBeGreaterThan(2 * 2 ** 20);
      expect(statSync(output).size).toBe(SIZE);
    } finally {
      source.remove();
    }
  });
});

function mount(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', directory], { stdio: 'pipe' });
}

function unmount(directory: string): void {
  execFileSync('umount', [directory], { stdio: 'pipe' });
  rmSync(directory, { recursive: true });
}

function tryMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), 'sealane-mount-'));
  try {
    mount(directory);
  } catch {
    rmSync(directory, { recursive: true });
    return false;
  }
  unmount(directory);
  return true;
}
