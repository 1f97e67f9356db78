import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { openIdentity } from '../../keys/index.ts';
import {
  clockCheck,
  dataDirectoryCheck,
  diskSpaceCheck,
  fsyncCheck,
  keyFileCheck,
  nodeVersionCheck,
  portCheck,
  runChecks,
} from './index.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sealane-doctor-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('doctor', () => {
  it.each([
    ['20.20.2', 'fail'],
    ['23.9.0', 'fail'],
    ['24.21.0', 'ok'],
    ['25.1.0', 'warn'],
    ['nonsense', 'fail'],
  ])('O7: Node.js %s is %s', async (version, status) => {
    expect((await runChecks([nodeVersionCheck(version)]))[0]?.status).toBe(status);
  });

  it('S8: names the fix for modes of directory and key file', async () => {
    const key = join(directory, 'identity.key');
    writeFileSync(key, '{}');
    chmodSync(key, 0o644);
    chmodSync(directory, 0o777);
    const reports = await runChecks([dataDirectoryCheck(directory), keyFileCheck(key, { kind: 'server' })]);
    expect(reports).toMatchObject([
      { status: 'fail', fix: `Run: chmod 700 ${directory}` },
      { status: 'fail', fix: `Run: chmod 600 ${key}` },
    ]);
  });

  it('S8: a passphrase that protects nothing is noticed', async () => {
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(1);
    await openIdentity(directory, { crypto: nativeCrypto, kind: 'server', random, wallClock: () => 0 });
    const key = join(directory, 'identity.key');
    const checks = ['p', undefined].map((passphrase) => keyFileCheck(key, { kind: 'server', passphrase }));
    const [warned, fine] = await runChecks(checks);
    const detail = `${key} is not protected by a passphrase, though one is given`;
    expect(warned).toMatchObject({ status: 'warn', detail });
    expect(fine?.status).toBe('ok');
  });

  it('a directory that is not there yet is fine and is not made', async () => {
    const missing = join(directory, 'a', 'b');
    const checks = [
      dataDirectoryCheck(missing),
      keyFileCheck(join(missing, 'k'), { kind: 'server' }),
      diskSpaceCheck(missing),
      fsyncCheck(missing),
    ];
    expect((await runChecks(checks)).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok', 'ok']);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('measures the disk and leaves nothing behind', async () => {
    const [fsync] = await runChecks([fsyncCheck(directory)]);
    expect(fsync?.detail).toMatch(/^\d+\.\d ms$/);
    expect(readdirSync(directory)).toEqual([]);
    const space = [10, 100, 10_000].map((mebibytes) => diskSpaceCheck(directory, () => mebibytes * 2 ** 20));
    expect((await runChecks(space)).map(({ status }) => status)).toEqual(['fail', 'warn', 'ok']);
  });

  it('O3: a clock in 1970 is noticed', async () => {
    expect(
      (await runChecks([clockCheck(() => 0), clockCheck(() => Date.UTC(2027))])).map(({ status }) => status),
    ).toEqual(['fail', 'ok']);
  });

  it('C6: a busy port is noticed', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect((await runChecks([portCheck('127.0.0.1', port)]))[0]).toMatchObject({
      status: 'fail',
      detail: 'busy on 127.0.0.1',
    });
    await new Promise((resolve) => server.close(resolve));
    expect((await runChecks([portCheck('127.0.0.1', port)]))[0]?.status).toBe('ok');
  });

  it('a check that throws has failed, and the others still run', async () => {
    const broken = {
      name: 'broken',
      run: () => {
        throw new Error('boo');
      },
    };
    expect((await runChecks([broken, clockCheck()])).map(({ status }) => status)).toEqual(['fail', 'ok']);
  });
});
