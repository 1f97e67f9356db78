import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

jest.setTimeout(30_000);

let directory: string;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Starts the server as a service manager would. @param path where programs are looked for. */
async function serve(path: string): Promise<ServerProcess> {
  const manager = [`PATH=${path}`, 'NOTIFY_SOCKET=/nowhere', 'WATCHDOG_USEC=200000'];
  return await ServerProcess.start(['--data-dir', join(directory, 'data')], { wrap: ['/usr/bin/env', ...manager] });
}

describe('serve under a service manager', () => {
  it('O1, O2: tells READY, WATCHDOG, RELOADING and STOPPING through systemd-notify', async () => {
    const programs = join(directory, 'bin');
    const told = join(directory, 'told');
    mkdirSync(programs);
    writeFileSync(join(programs, 'systemd-notify'), `#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ${told}\n`);
    chmodSync(join(programs, 'systemd-notify'), 0o755);
    const server = await serve(`${programs}:/usr/bin:/bin`);
    const says = (state: string): boolean =>
      existsSync(told) && readFileSync(told, 'utf8').includes(`/nowhere --pid=${String(server.child.pid)} ${state}\n`);
    await eventually('ready', () => says('READY=1'));
    await eventually('watchdog', () => says('WATCHDOG=1'));
    server.child.kill('SIGHUP');
    await eventually('reloading', () => says('RELOADING=1'));
    const { code } = await server.end();
    expect(code).toBe(0);
    await eventually('stopping', () => says('STOPPING=1'));
  });

  it('without the program it serves, and warns once', async () => {
    const server = await serve('/nonexistent');
    await eventually('a warning', () => server.log.some(({ program }) => program === 'systemd-notify'));
    const { code } = await server.end();
    expect(code).toBe(0);
    expect(server.log.filter(({ program }) => program === 'systemd-notify')).toHaveLength(1);
  });
});
