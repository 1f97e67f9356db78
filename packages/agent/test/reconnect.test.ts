/** Losing, changing and refusing servers, with real processes on both sides. Most of it is waiting: tests run side by side. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workbench } from './processes.ts';

const bench = new Workbench();
afterAll(() => bench.dispose());

describe('start --reconnect (A15)', () => {
  it.concurrent('A15, 2.1.17: the server is killed and comes back: the agent resumes by itself, without a busy loop', async () => {
    const serverDir = bench.directory();
    const first = await bench.serve({ dataDir: serverDir });
    const address = `127.0.0.1:${first.port}`;
    const agent = bench.agent([
      'start',
      '--reconnect',
      '--json',
      '--count',
      '3',
      '--server',
      address,
      '--data-dir',
      bench.directory(),
    ]);
    await agent.line('reply', 2);
    first.program.kill('SIGKILL');
    await first.program.ended;
    await sleep(2_500);
    await bench.serve({ dataDir: serverDir, port: first.port });
    await agent.line('connected', 1, 40_000);
    agent.kill('SIGTERM');
    const { code, lines } = await agent.ended;
    expect(code).toBe(0);
    expect(lines.filter(({ event }) => event === 'reply')).toHaveLength(3);
    const tries = lines.filter(({ event }) => event === 'reconnecting');
    expect(tries[0]).toEqual({
      event: 'reconnecting',
      attempt: 1,
      delayMs: expect.any(Number),
      reason: 'E_TRUNCATED',
    });
    expect(tries.length).toBeLessThanOrEqual(12);
    expect(tries.map(({ attempt }) => attempt)).toEqual(tries.map((_, index) => index + 1));
    for (const { reason } of tries.slice(1)) expect(reason).toBe('E_UNREACHABLE');
    expect(lines.at(-1)).toEqual({ event: 'closed', reason: 'closed' });
  }, 90_000);

  it.concurrent('A15: messages under way while the server is killed are all answered in the end', async () => {
    const serverDir = bench.directory();
    const first = await bench.serve({ dataDir: serverDir });
    const words = ['start', '--reconnect', '--json', '--quiet', '--count', '5000'];
    const agent = bench.agent([
      ...words,
      '--server',
      `127.0.0.1:${first.port}`,
      '--data-dir',
      bench.directory(),
      '--timeout',
      '60',
    ]);
    await agent.line('reply', 50);
    first.program.kill('SIGKILL');
    await first.program.ended;
    await bench.serve({ dataDir: serverDir, port: first.port });
    await agent.line('reply', 4_999, 60_000);
    // Where all were answered before the kill, it comes back only now.
    await agent.line('connected', 1, 30_000);
    agent.kill('SIGINT');
    const { code, lines } = await agent.ended;
    expect(code).toBe(0);
    expect(lines.filter(({ event }) => event === 'connected')).toHaveLength(2);
    expect(lines.filter(({ event }) => event === 'reply')).toHaveLength(5_000);
  }, 90_000);

  it.concurrent('A15, H5: a server that drains is left in order, and found again', async () => {
    const serverDir = bench.directory();
    const first = await bench.serve({ dataDir: serverDir });
    const words = ['listen', '--json', '--server', `127.0.0.1:${first.port}`, '--data-dir', bench.directory()];
    const agent = bench.agent(words);
    await agent.line('connected');
    first.program.kill('SIGTERM');
    expect((await first.program.ended).code).toBe(0);
    await bench.serve({ dataDir: serverDir, port: first.port });
    await agent.line('connected', 1, 60_000);
    const lost = await agent.line('reconnecting');
    // Told in an orderly way, so nothing is unknown.
    expect(lost['reason']).toBe('E_DRAINING');
  }, 90_000);

  it.concurrent('B9: against a server that takes and drops connections the waits grow', async () => {
    let accepted = 0;
    const stub = createServer((socket) => {
      accepted += 1;
      socket.on('error', () => undefined);
      socket.destroy();
    });
    await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(stub.address() as AddressInfo).port}`;
    const words = [
      'start',
      '--reconnect',
      '--json',
      '--server',
      address,
      '--data-dir',
      bench.directory(),
      '--timeout',
      '4',
    ];
    const { code, lines } = await bench.run(words);
    stub.close();
    expect(code).toBe(124);
    expect(lines.at(-1)).toMatchObject({ event: 'error', code: 'E_TIMEOUT' });
    expect(accepted).toBeGreaterThanOrEqual(2);
    expect(accepted).toBeLessThanOrEqual(12);
  }, 30_000);

  it.concurrent('T15: the same agent and instance started again takes over; the first ends with 77', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const dataDir = bench.directory();
    const words = ['--json', '--server', `127.0.0.1:${server.port}`, '--data-dir', dataDir];
    const first = bench.agent(['start', '--reconnect', '--count', '1', ...words]);
    await first.line('reply');
    const second = bench.agent(['listen', ...words]);
    await second.line('connected');
    const { code, lines } = await first.ended;
    expect(code).toBe(77);
    expect(lines.slice(-2)).toEqual([
      { event: 'closed', reason: 'E_REPLACED' },
      { event: 'error', code: 'E_REPLACED', message: expect.stringContaining('replaced') },
    ]);
    expect(lines.some(({ event }) => event === 'reconnecting')).toBe(false);
    // One-shot commands have an instance of their own and take nothing over.
    expect((await bench.run(['send', 'x', ...words])).code).toBe(0);
    expect(second.child.exitCode).toBeNull();
  }, 90_000);
});

describe('trust and admission', () => {
  it.concurrent('T5, C6: a server with another key on the known address: 77, both fingerprints, and the command that helps', async () => {
    const dataDir = bench.directory();
    const first = await bench.serve({ dataDir: bench.directory() });
    const address = `127.0.0.1:${first.port}`;
    const words = ['--server', address, '--data-dir', dataDir];
    expect((await bench.run(['send', 'x', ...words])).code).toBe(0);
    first.program.kill('SIGKILL');
    await first.program.ended;
    const impostor = await bench.serve({ dataDir: bench.directory(), port: first.port });

    const refused = await bench.run(['start', '--reconnect', ...words]);
    expect(refused.code).toBe(77);
    expect(refused.stderr).toContain(first.fingerprint);
    expect(refused.stderr).toContain(impostor.fingerprint);
    expect(refused.stderr).not.toContain('attempt');
    expect(refused.stderr.match(/known-servers accept/g)).toHaveLength(1);
    const command = /sealane-agent (known-servers accept \S+ \S+ --data-dir \S+)/.exec(refused.stderr)?.[1];
    expect(command).toBe(`known-servers accept ${address} ${impostor.fingerprint} --data-dir ${dataDir}`);
    const asJson = await bench.run(['start', '--reconnect', '--json', ...words]);
    expect(asJson.lines).toEqual([
      { event: 'closed', reason: 'E_IDENTITY_CHANGED' },
      { event: 'error', code: 'E_IDENTITY_CHANGED', message: expect.stringContaining(impostor.fingerprint) },
    ]);
    expect(String(asJson.lines[1]?.['message'])).toContain(first.fingerprint);
    expect((await bench.run((command ?? '').split(' '))).code).toBe(0);
    expect((await bench.run(['send', 'x', ...words])).code).toBe(0);
  }, 60_000);

  it.concurrent('B5: unknown agents are denied under token and closed; a token enrols once, and only at its server', async () => {
    const serverDir = bench.directory();
    const server = await bench.serve({ dataDir: serverDir, words: ['--enrolment=token'] });
    const other = await bench.serve({ dataDir: bench.directory(), words: ['--enrolment=closed'] });
    const dataDir = bench.directory();
    const words = ['--json', '--server', `127.0.0.1:${server.port}`, '--data-dir', dataDir];
    const unknown = await bench.run(['start', '--reconnect', ...words]);
    expect(unknown.code).toBe(77);
    expect(unknown.lines.at(-1)).toMatchObject({ event: 'error', code: 'E_UNKNOWN_AGENT' });
    const closed = await bench.run([
      'send',
      'x',
      '--json',
      '--server',
      `127.0.0.1:${other.port}`,
      '--data-dir',
      dataDir,
    ]);
    expect(closed).toMatchObject({ code: 77 });

    const enrol = await bench.serverCommand(['enrol', '--data-dir', serverDir]);
    expect(enrol.code).toBe(0);
    const tokenFile = join(bench.directory(), 'token');
    writeFileSync(tokenFile, enrol.stdout);
    const elsewhere = ['send', 'x', '--json', '--server', `127.0.0.1:${other.port}`, '--data-dir', bench.directory()];
    const impostor = await bench.run([...elsewhere, '--token-file', tokenFile]);
    expect(impostor.code).toBe(77);
    expect(impostor.lines.at(-1)).toMatchObject({ code: 'E_IDENTITY_CHANGED' });
    expect(String(impostor.lines.at(-1)?.['message'])).toContain(server.fingerprint);

    expect((await bench.run(['send', 'x', ...words, '--token-file', tokenFile])).code).toBe(0);
    expect((await bench.run(['send', 'x', ...words])).code).toBe(0);
    const stranger = ['send', 'x', '--json', '--server', `127.0.0.1:${server.port}`, '--data-dir', bench.directory()];
    const used = await bench.run([...stranger, '--token-file', tokenFile]);
    expect(used.code).toBe(77);
    expect(used.lines.at(-1)).toMatchObject({ code: 'E_TOKEN_USED' });
  }, 90_000);
});
