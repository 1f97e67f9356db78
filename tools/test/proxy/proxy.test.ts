/** The fault proxy as users run it: a process before something that answers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ENTRY = fileURLToPath(new URL('../../src/proxy/main.ts', import.meta.url));
const TEST_MS_MAX = 30_000;

function proxy(...args: readonly string[]) {
  return spawn(process.execPath, ['--conditions=@sealane/source', ENTRY, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

describe('tools:proxy', () => {
  it(
    'says where it listens and what became of each connection, and ends by Ctrl-C',
    async () => {
      const target = createServer((socket) => socket.end('0123456789')).listen(0, '127.0.0.1');
      await once(target, 'listening');
      const { port } = target.address() as AddressInfo;
      const child = proxy('--target', `127.0.0.1:${port}`, '--fault', 'to-agent:end-byte=4', '--json');
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<Record<string, unknown>> =>
        JSON.parse((await lines.next()).value ?? '{}') as Record<string, unknown>;
      const listening = await next();
      expect(listening).toMatchObject({ event: 'listening', seed: 1 });
      const caller = connect(Number(listening['port']), '127.0.0.1');
      expect((await buffer(caller)).toString()).toBe('0123');
      expect(await next()).toMatchObject({
        event: 'connection',
        number: 0,
        toAgent: { bytes: 4, faults: { endByte: 4 } },
      });
      child.kill('SIGINT');
      expect((await once(child, 'exit'))[0]).toBe(0);
      target.close();
    },
    TEST_MS_MAX,
  );

  it(
    'what it does not understand is exit code 2, with what was meant',
    async () => {
      const child = proxy('--fold', 'latency-ms=5');
      const [stderr] = await Promise.all([buffer(child.stderr), once(child, 'exit')]);
      expect(child.exitCode).toBe(2);
      expect(stderr.toString()).toContain('Unknown flag --fold');
    },
    TEST_MS_MAX,
  );
});
