/** `serve --identity-file`: nodes that share an identity, as real processes. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ServerProcess, runServerCommand } from '../server-process.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

jest.setTimeout(60_000);

let directory = '';
let shared = '';
beforeEach(async () => {
  directory = temporaryDirectory();
  shared = join(directory, 'keys', 'identity.key');
  expect((await runServerCommand(['keygen', '--data-dir', join(directory, 'keys')])).code).toBe(0);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const flags = (name: string): string[] => [
  '--identity-file',
  shared,
  '--data-dir',
  join(directory, name),
  '--admin-port',
  'off',
];

async function fingerprintOf(name: string): Promise<string> {
  const server = await ServerProcess.start(flags(name));
  expect((await server.end()).code).toBe(0);
  return server.fingerprint;
}

describe('a shared identity', () => {
  it('H4: two nodes with one identity file are one server, also when it may only be read', async () => {
    chmodSync(shared, 0o400);
    const { stdout } = await runServerCommand(['fingerprint', '--data-dir', join(directory, 'keys')]);
    expect(await fingerprintOf('one')).toBe(stdout.trim());
    expect(await fingerprintOf('two')).toBe(stdout.trim());
    expect(await fingerprintOf('one')).toBe(stdout.trim());
  });

  it('a data directory that was rotated since goes on; one with another identity is refused', async () => {
    await fingerprintOf('one');
    const rotated = await runServerCommand(['key', 'rotate', '--json', '--data-dir', join(directory, 'one')]);
    const { newFingerprint } = JSON.parse(rotated.stdout) as { newFingerprint: string };
    expect(await fingerprintOf('one')).toBe(newFingerprint);
    await runServerCommand(['keygen', '--data-dir', join(directory, 'other')]);
    const { code, stdout } = await runServerCommand(['serve', '--json', '--port', '0', ...flags('other')]);
    expect(code).toBe(65);
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'E_KEY_FILE',
      message: expect.stringContaining('another identity'),
    });
    const missing = await runServerCommand([
      'serve',
      '--json',
      '--port',
      '0',
      ...flags('new'),
      '--identity-file',
      'nowhere',
    ]);
    expect(missing.code).not.toBe(0);
  });
});
