/** A server and agents with the fault proxy between them: what networks do, and what somebody in the middle tries. */
import { randomUUID } from 'node:crypto';
import { FaultProxy, type DirectedFaults } from '@sealane/node/testing';
import { DEFAULT_SESSION_LIMITS } from '@sealane/shared/wire';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TestAgent, newIdentity, type TestAgentOptions } from '../test-agent.ts';
import { ServerHost } from './server-host.ts';

jest.setTimeout(60_000);

const KEY_UPDATE_MS = 400;
/** So that what the update says is alone on the way. */
const QUIET = { pingIntervalMs: 60_000, idleTimeoutMs: 120_000 };
const SLOW_WINDOW_MS = 600;
const SLOW_BYTES_PER_SECOND = 65_536;

let host: ServerHost;
let proxy: FaultProxy;
const agents: TestAgent[] = [];

beforeAll(async () => {
  host = await ServerHost.start({
    sessionLimits: { ...QUIET, handshakeTimeoutMs: 10_000 },
    limitOverrides: { slowReaderWindowMs: SLOW_WINDOW_MS, slowReaderBytesPerSecond: SLOW_BYTES_PER_SECOND },
  });
});
afterAll(() => host.stop());
beforeEach(async () => {
  proxy = await FaultProxy.start({ target: { port: host.port } });
});
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.destroy();
  await proxy.stop();
  await host.reportWhen(({ counters }) => counters.connections.open === 0);
});

async function open(options: Partial<TestAgentOptions> = {}): Promise<TestAgent> {
  const agent = await TestAgent.open({ port: proxy.port, ...options });
  agents.push(agent);
  return agent;
}

const echoOf = async (agent: TestAgent, body: string): Promise<string> =>
  (await agent.channel.request('echo', body)).text();

describe('a way with faults', () => {
  it('D2: byte by byte in both directions: handshake, requests and answers are the same', async () => {
    proxy.faults = { toServer: { sliceBytes: 1 }, toAgent: { sliceBytes: 1 } };
    const agent = await open();
    const body = 'all of it '.repeat(1_000);
    expect(await echoOf(agent, body)).toBe(body);
    expect((await host.report()).counters.disconnected).toEqual({});
  });

  it('B2: a way that carries 8 KB/s of what an agent asks for: it is cut by the rule of time, others are not', async () => {
    const slow = await open();
    proxy.strike({ toAgent: { bytesPerSecond: 8_192 } });
    const neighbour = await TestAgent.open({ port: host.port });
    agents.push(neighbour);
    const replies = Array.from({ length: 100 }, () => slow.channel.request('large', '').catch(() => undefined));
    await host.reportWhen(({ counters }) => counters.disconnected['E_SLOW_READER'] === 1, 30_000);
    expect(await echoOf(neighbour, 'still here')).toBe('still here');
    proxy.cut();
    await slow.closed;
    await Promise.all(replies);
  });

  it.each<readonly [what: string, faults: DirectedFaults]>([
    ['0x07 is dropped', { toServer: { dropFrame: 0 } }],
    ['0x07 comes twice', { toServer: { replayFrame: 0 } }],
    ['0x07 comes after the next record', { toServer: { swapFrame: 0 } }],
    ['a bit of 0x07 is turned', { toServer: { corruptByte: 40 } }],
    ['0x08 is dropped', { toAgent: { dropFrame: 0 } }],
    ['0x08 comes twice', { toAgent: { replayFrame: 0 } }],
    ['0x08 comes after the next record', { toAgent: { swapFrame: 0 } }],
    ['a bit of 0x08 is turned', { toAgent: { corruptByte: 40 } }],
  ])('T11: %s: the connection ends with a code, and the agent comes back', async (_what, faults) => {
    const [agentId, identity] = [`updating-${randomUUID()}`, newIdentity()];
    const limits = { ...DEFAULT_SESSION_LIMITS, ...QUIET, keyUpdateAfterMs: KEY_UPDATE_MS, keyUpdateTimeoutMs: 600 };
    const agent = await open({ agentId, identity, settings: { limits } });
    expect(await echoOf(agent, 'before')).toBe('before');
    proxy.strike(faults);
    // What is sent after the update shows that a record is missing, where nothing else does.
    await new Promise((resolve) => setTimeout(resolve, KEY_UPDATE_MS + 100));
    const reply = echoOf(agent, 'after').catch(() => 'lost');
    const { reason, code } = await agent.closed;
    expect(reason).toBe('failed');
    expect(['E_DECRYPT', 'E_IDLE']).toContain(code);
    await host.reportWhen(({ counters }) => counters.connections.open === 0);
    await reply;
    proxy.heal();
    const again = await open({ agentId, identity });
    expect(await echoOf(again, 'back')).toBe('back');
  });

  it.each(['toServer', 'toAgent'] as const)(
    'T12: any byte of the first message %s changed, its versions and suites among them: no session comes of it',
    async (direction) => {
      const settings = { limits: { ...DEFAULT_SESSION_LIMITS, handshakeTimeoutMs: 1_000 } };
      const offsets = [...Array.from({ length: 60 }, (_, index) => 4 + index), 200, 500, 900, 1_100];
      for (const offset of offsets) {
        proxy.faults = { [direction]: { corruptByte: offset } };
        const agent = await TestAgent.start({ port: proxy.port, agentId: `edited-${offset}`, settings });
        agents.push(agent);
        // A server that has no keys yet says nothing.
        expect(['failed', 'truncated']).toContain((await agent.closed).reason);
        expect(agent.events.some(({ type }) => type === 'opened')).toBe(false);
      }
      proxy.heal();
      expect(await echoOf(await open(), 'untouched')).toBe('untouched');
    },
  );
});
