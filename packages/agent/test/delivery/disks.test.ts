/** S1, S12: an agent whose disk is slow, or full. Needs strace, and root for a small tmpfs; without them skipped, visibly. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SmallDisk, canMount, until, works } from '@sealane/node/testing';
import { connect, type Agent, type ConnectOptions } from '../../src/index.ts';
import { Workbench, type Program } from '../processes.ts';

jest.setTimeout(90_000);

const canTrace = works('strace', ['-qq', '-o', '/dev/null', 'true']);
if (!canTrace) console.warn('SKIPPED S1 of an agent: it needs strace');
const hasDisks = canMount();
if (!hasDisks) console.warn('SKIPPED a full disk of an agent: mounting a small tmpfs needs root');

const SLOW_MS = 3_000;
/** An answer that waited for no disk, on a machine that has other work. */
const PROMPT_MS = 2_000;

let bench = new Workbench();
const agents: Agent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await bench.dispose();
  bench = new Workbench();
});

/** Every fsync of a running program takes so long. @returns what ends that. */
function slowDown({ child }: Program): () => void {
  const calls = 'fdatasync,fsync';
  const expressions = ['-e', `trace=${calls}`, '-e', `inject=${calls}:delay_enter=${SLOW_MS * 1_000}`];
  const words = ['-f', '-qq', '-o', '/dev/null', ...expressions, '-p', String(child.pid)];
  const tracer = spawn('strace', words, { stdio: 'ignore' });
  return () => void tracer.kill('SIGTERM');
}

/** Whether all threads of a program are under the eyes of strace. */
function isTraced({ child }: Program): boolean {
  const threads = `/proc/${child.pid}/task`;
  try {
    const states = readdirSync(threads).map((thread) => readFileSync(join(threads, thread, 'status'), 'utf8'));
    return states.every((state) => /^TracerPid:\s+[1-9]/m.test(state));
  } catch {
    // A thread has just ended.
    return false;
  }
}

const countOf = ({ lines }: Program, event: string): number => lines.filter((line) => line.event === event).length;

(canTrace ? describe : describe.skip)('an agent on a slow disk', () => {
  it('S1, B4: an fsync takes 3 s: inbox and outbox wait for it; requests are answered, the connection stays', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const place = ['--json', '--server', `127.0.0.1:${server.port}`, '--data-dir'];
    const ear = bench.directory();
    const listener = bench.agent(['listen', '--topic', 'slow', '--id', 'ear', ...place, ear]);
    await listener.line('subscribed');
    const publisher = bench.agent(['publish', '--topic', 'slow', '--stdin-lines', ...place, bench.directory()]);
    publisher.child.stdin.write('0\n');
    await publisher.line('receipt');
    await listener.line('delivery');
    const asker = await connect({ server: `127.0.0.1:${server.port}` });
    agents.push(asker);
    const ends = [slowDown(listener), slowDown(publisher)];
    await until('both are traced', () => [listener, publisher].every(isTraced), { limitMs: 30_000 });
    publisher.child.stdin.write('1\n2\n3\n');
    const started = performance.now();
    // While the disk of the publisher is at work, and after that the one of the listener.
    while (performance.now() - started < 1.5 * SLOW_MS) {
      const start = performance.now();
      await asker.request('agent:ear', 'are you there');
      expect(performance.now() - start).toBeLessThan(PROMPT_MS);
      await sleep(100);
    }
    await until('receipts', () => countOf(publisher, 'receipt') === 4, { limitMs: 30_000 });
    expect(performance.now() - started).toBeGreaterThan(SLOW_MS - 500);
    await until('deliveries', () => countOf(listener, 'delivery') === 4, { limitMs: 30_000 });
    for (const end of ends) end();
    publisher.child.stdin.end();
    expect((await publisher.ended).code).toBe(0);
    expect([countOf(listener, 'connected'), countOf(listener, 'reconnecting')]).toEqual([1, 0]);
    listener.kill('SIGTERM');
    expect((await listener.ended).code).toBe(0);
    // All were acked: nothing comes again.
    const again = bench.agent(['listen', '--topic', 'slow', '--id', 'ear', ...place, ear]);
    await again.line('subscribed');
    await sleep(1_000);
    again.kill('SIGTERM');
    expect((await again.ended).lines.map(({ event }) => event)).toEqual(['connected', 'subscribed', 'closed']);
  });
});

(hasDisks ? describe : describe.skip)('an agent on a full disk', () => {
  async function come(port: number, options: ConnectOptions): Promise<Agent> {
    const agent = await connect({ server: `127.0.0.1:${port}`, waitForServer: false, ...options });
    agents.push(agent);
    return agent;
  }

  async function publishUntilRefused(agent: Agent, body: Uint8Array): Promise<{ ids: string[]; code: unknown }> {
    const ids: string[] = [];
    for (;;) {
      try {
        ids.push((await agent.publish('topic:full', body, { waitFor: 'stored' })).id);
      } catch (error) {
        return { ids, code: (error as { code?: unknown }).code };
      }
    }
  }

  /** Publishes until it ends like this: the outbox looks at its disk about once a second. */
  async function publishUntil(agent: Agent, outcome: string): Promise<void> {
    let last: unknown;
    for (let tries = 0; tries < 300 && last !== outcome; tries++) {
      if (tries > 0) await sleep(100);
      last = await agent.publish('topic:full', 'looks at the disk').then(
        () => 'stored',
        (error: unknown) => (error as { readonly code?: unknown }).code,
      );
    }
    expect(last).toBe(outcome);
  }

  it('S12, rule 6: offline until no byte is free: E_OUTBOX_FULL; what was taken arrives, and it takes more by itself', async () => {
    const disk = SmallDisk.tmpfs('24m');
    try {
      const serverDir = bench.directory();
      const probe = await bench.serve({ dataDir: serverDir });
      const got: string[] = [];
      const listener = await come(probe.port, {});
      await listener.subscribe('full', (event) => void got.push(event.id)).ready;
      probe.program.kill('SIGKILL');
      await probe.program.ended;
      const agent = await come(probe.port, { dataDir: join(disk.folder, 'agent'), outbox: { freeDiskBytesMin: 0 } });
      await agent.publish('topic:full', 'first', { waitFor: 'stored' });
      const ballast = disk.leaveFree(2 ** 20, 'ballast');
      const { ids, code } = await publishUntilRefused(agent, new Uint8Array(20_000));
      expect(code).toBe('E_OUTBOX_FULL');
      expect(ids.length).toBeGreaterThan(3);
      await bench.serve({ dataDir: serverDir, port: probe.port });
      unlinkSync(ballast);
      await until('the outbox takes events', () => got.length > ids.length, { limitMs: 30_000 });
      expect(got.slice(1)).toEqual(ids);
      expect((await agent.publish('topic:full', 'last')).durability).toBe('durable');
      await until('the last one', () => got.length === ids.length + 2, { limitMs: 10_000 });
    } finally {
      await Promise.all(agents.splice(0).map((agent) => agent.close()));
      disk.remove();
    }
  });

  it('S12: below the floor of free space events are refused, and taken again when there is space', async () => {
    const disk = SmallDisk.tmpfs('160m');
    try {
      const { port } = await bench.serve({ dataDir: bench.directory() });
      const agent = await come(port, { dataDir: join(disk.folder, 'agent') });
      await agent.publish('topic:full', 'first');
      const ballast = disk.leaveFree(50 * 2 ** 20, 'ballast');
      await publishUntil(agent, 'E_OUTBOX_FULL');
      unlinkSync(ballast);
      await publishUntil(agent, 'stored');
      expect(await agent.publish('topic:full', 'y')).toMatchObject({ durability: 'durable' });
    } finally {
      await Promise.all(agents.splice(0).map((agent) => agent.close()));
      disk.remove();
    }
  });
});
