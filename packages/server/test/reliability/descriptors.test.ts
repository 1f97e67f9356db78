/** Descriptors that run out although we count them (rule 7, 2.4.9): the kernel's limit is lowered under a running server. */
import { execFileSync, spawnSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { TestAgent } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';

jest.setTimeout(30_000);

const hasPrlimit = spawnSync('prlimit', ['--version']).status === 0;
if (!hasPrlimit) console.warn('NOTICE: prlimit is not there; the test of EMFILE is skipped');
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let host: ServerHost;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await host.stop();
});

describe('EMFILE', () => {
  (hasPrlimit ? it : it.skip)('2.4.9: agents that are in are served, and strangers again afterwards', async () => {
    host = await ServerHost.start();
    const agent = await TestAgent.open({ port: host.port });
    const { descriptors } = await host.report();
    execFileSync('prlimit', ['--pid', String(host.child.pid), `--nofile=${descriptors + 20}:20000`]);
    for (let count = 0; count < 200; count++) {
      sockets.push(connect(host.port, '127.0.0.1').on('error', () => undefined));
    }
    await pause(500);
    for (let count = 0; count < 20; count++) {
      expect((await agent.channel.request('echo', 'in')).text()).toBe('in');
      await pause(10);
    }
    expect(host.child.exitCode).toBeNull();
    for (const socket of sockets.splice(0)) socket.destroy();
    await pause(300);
    const late = await TestAgent.open({ port: host.port });
    expect((await late.channel.request('echo', 'late')).text()).toBe('late');
    late.destroy();
    agent.destroy();
  });
});
