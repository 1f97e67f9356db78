/** What commands of the server say to people, and where they put what they make. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { programWords } from '@sealane/node/testing';
import { runCommandHere } from './command-here.ts';
import { eventually } from './eventually.ts';
import { ServerProcess, cleanEnvironment, runServerCommand } from './server-process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

jest.setTimeout(120_000);

/** A command that never ends is ended with 124. */
const LIMITED = ['timeout', '--signal=KILL', '60'];

const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
if (!hasIPv6) console.warn('SKIPPED: an IPv6 address in brackets, for this machine has none');

let directory = '';
let data = '';
beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory, 'my data');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `serve` with these words until its output has what is waited for. @returns what it printed. */
async function serveUntil(
  said: (printed: { stdout: string; stderr: string }) => boolean,
  words: readonly string[],
  stdout: 'pipe' | number = 'pipe',
) {
  const line = [...programWords('server'), 'serve', '--port', '0', '--admin-port', 'off', '--data-dir', data, ...words];
  const child = spawn(process.execPath, line, { env: cleanEnvironment(), stdio: ['ignore', stdout, 'pipe'] });
  const printed = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  const closed = once(child, 'close');
  try {
    await eventually('the words', () => said(printed) || child.exitCode !== null, 60_000);
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill('SIGTERM');
    await closed;
  }
  return { ...printed, code: child.exitCode };
}

describe('enrol', () => {
  it('the line of the banner makes a token for the server that shows it', async () => {
    const { stdout } = await serveUntil(({ stdout: text }) => text.includes('enrol '), ['--host', '127.0.0.1']);
    expect(stdout).toContain(`sealane-server enrol --data-dir '${data}'   (a token`);
  });

  it('before the first start says whose token it is, once', async () => {
    const first = await runCommandHere(['enrol', '--data-dir', data]);
    const name = readFileSync(join(data, 'identity.pub'), 'utf8').trim();
    expect(first.stderr).toContain(`There was no identity in ${data}: a new one, ${name}, was made.`);
    expect(first.stdout.trim()).toMatch(/^\S+$/);
    expect((await runCommandHere(['enrol', '--data-dir', data])).stderr).toBe('');
  });

  it('S8: warns of a passphrase that protects nothing', async () => {
    await runCommandHere(['keygen', '--data-dir', data]);
    const file = join(directory, 'passphrase');
    writeFileSync(file, 'correct horse\n');
    const words = ['--data-dir', data, '--passphrase-file', file];
    const warning = 'is not protected by a passphrase, though one is given';
    expect((await runCommandHere(['enrol', ...words])).stderr).toContain(warning);
    const { stderr } = await serveUntil(({ stderr: text }) => text.includes('listening'), words);
    expect(stderr).toContain(warning);
    // The new key is under the passphrase.
    expect((await runCommandHere(['key', 'rotate', ...words])).stderr).toContain(warning);
    expect((await runCommandHere(['enrol', ...words])).stderr).toBe('');
  });
});

describe('directories', () => {
  it('S8: where the file system takes none, every command says so and ends with 74', async () => {
    for (const words of [
      ['keygen', '--data-dir', '/proc/sealane/deep'],
      ['serve', '--port', '0', '--data-dir', data, '--receive', '/proc/sealane/deep'],
    ]) {
      const { code, stdout } = await runServerCommand([...words, '--json'], { wrap: LIMITED });
      expect(code).toBe(74);
      expect(stdout).toContain(
        '"code":"E_STORAGE","message":"Cannot make /proc/sealane: there can be no new directories',
      );
    }
    mkdirSync(join(directory, 'backup'));
    writeFileSync(join(directory, 'backup', 'identity.key'), '');
    const restore = ['restore', join(directory, 'backup'), '--data-dir', '/proc/sealane/deep'];
    expect((await runServerCommand(restore, { wrap: LIMITED })).code).toBe(74);
  });

  it('C5: an empty HOME does not put keys into the current directory', async () => {
    const { stdout } = await runServerCommand(['config', 'show', '--json'], { wrap: ['env', 'HOME='] });
    expect(stdout).toMatch(/"name":"data-dir","value":"\//);
  });

  it('key rotate makes none where there is no identity', async () => {
    expect((await runCommandHere(['key', 'rotate', '--data-dir', data])).code).toBe(65);
    expect(existsSync(data)).toBe(false);
  });
});

describe('serve', () => {
  (hasIPv6 ? it : it.skip)('C6: listens on an IPv6 address in brackets', async () => {
    const server = await ServerProcess.start(['--data-dir', data, '--admin-port', 'off', '--host', '[::1]']);
    const { code, stdout } = await server.end();
    expect(code).toBe(0);
    expect(stdout).toContain('"host":"::1"');
  });

  it('C2: says in its log that nobody hears its first line, and goes on', async () => {
    const full = openSync('/dev/full', 'w');
    const { code } = await serveUntil(({ stderr }) => stderr.includes('stdout did not take'), ['--json'], full);
    expect(code).toBe(0);
  });
});
