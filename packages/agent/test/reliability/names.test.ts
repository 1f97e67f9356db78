/** Names that fail, move and lead nowhere (B10), in a network namespace with a resolver of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NamesReport } from './names-isolated.ts';

const PROGRAM = fileURLToPath(new URL('names-isolated.ts', import.meta.url));
const ISOLATED = ['--net', '--mount'];
const SETUP = [
  'ip link set lo up',
  'ip address add 10.7.0.1/32 dev lo',
  'ip address add 10.7.0.2/32 dev lo',
  // What is sent here is gone; the address lets IPv6 be tried first.
  'ip link add hole type veth peer name nowhere',
  'ip link set hole up',
  'ip link set nowhere up',
  'ip address add 2001:db8::2/64 dev hole nodad',
  'ip neighbour add 2001:db8::1 lladdr 02:00:00:00:00:01 dev hole',
  'mount --bind "$0" /etc/resolv.conf',
].join(' && ');

const isPossible = spawnSync('unshare', [...ISOLATED, 'ip', 'link']).status === 0;
if (!isPossible) console.warn('SKIPPED: names with a resolver of their own (B10) need root, unshare and ip');

describe('names', () => {
  let directory = '';
  let report: NamesReport;
  beforeAll(async () => {
    if (!isPossible) return;
    directory = mkdtempSync(join(tmpdir(), 'sealane-agent-'));
    const resolver = join(directory, 'resolv.conf');
    writeFileSync(resolver, 'nameserver 127.0.0.1\noptions timeout:10 attempts:1\n');
    const node = [process.execPath, '--conditions=@sealane/source', PROGRAM];
    const words = [...ISOLATED, 'sh', '-c', `${SETUP} && exec "$@"`, resolver, ...node];
    report = JSON.parse((await promisify(execFile)('unshare', words)).stdout) as NamesReport;
  }, 60_000);
  afterAll(() => {
    if (directory !== '') rmSync(directory, { recursive: true, force: true });
  });

  (isPossible ? it : it.skip)('B10: one that fails is tried again; one that moved is found at its new address', () => {
    const { reasonsBefore, reasonsAfter, reply, agentsAtNewAddress } = report.moved;
    expect(new Set(reasonsBefore)).toEqual(new Set(['E_ADDRESS']));
    expect(reasonsAfter[0]).toBe('E_TRUNCATED');
    expect(new Set(reasonsAfter.slice(1))).toEqual(new Set(['E_ADDRESS']));
    expect([reply, agentsAtNewAddress]).toEqual(['found', 1]);
  });

  (isPossible ? it : it.skip)(
    'B10: where IPv6 is a black hole, IPv4 is taken; alone, it fails with a clear message',
    () => {
      const { alone, reply, tookMs } = report.blackHole;
      expect(alone.code).toBe('E_UNREACHABLE');
      expect(alone.message).toContain('server.test');
      expect(reply).toBe('found');
      // IPv6 was tried first, and not for long (RFC 8305 §5: 250 ms).
      expect(tookMs).toBeGreaterThan(200);
      expect(tookMs).toBeLessThan(5_000);
    },
  );
});
