/** A fault of this program while it admits an agent (rules 2 and 3): planted in what admission depends on. */
import { createServer, type Server as NetServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@sealane/node/log';
import { Backlog, createEnvironment, systemRandom } from '@sealane/node/transport';
import { nativeCrypto } from '@sealane/shared/crypto-native';
import { suitesFor } from '@sealane/shared/wire';
import { ResumeTokens, type Admission } from '../src/admission/index.ts';
import { limitsOf } from '../src/config/index.ts';
import { ServerHandlers, echo } from '../src/handlers/index.ts';
import { ConnectionGate, InboundBudget } from '../src/limits/index.ts';
import { Permissions } from '../src/permissions/index.ts';
import { Connections } from '../src/server/connections.ts';
import { TestAgent, newIdentity, outcome } from './test-agent.ts';
import { eventually } from './test-server.ts';

/** Where agent `evil` makes this program fail. */
type Fault = 'decide' | 'store' | 'accept at once' | 'accept later';

const rejections: unknown[] = [];
const onRejection = (error: unknown): void => void rejections.push(error);

let listener: NetServer;
let connections: Connections;
let log = '';
beforeEach(() => void process.on('unhandledRejection', onRejection));
afterEach(() => {
  process.off('unhandledRejection', onRejection);
  listener.close();
  for (const connection of connections.all) connection.destroy();
  log = '';
});

/** Admits everybody, and fails for `evil`. */
function faultyAdmission(fault: Fault): Pick<Admission, 'decide'> {
  return {
    decide: ({ agentId }) => {
      const fails = agentId === 'evil';
      if (fails && fault === 'decide') throw new TypeError('planted in decide');
      if (fault === 'accept at once') return { admitted: true, enrolledBy: 'loopback', durable: undefined };
      const stored = fails && fault === 'store' ? Promise.reject(new Error('planted in store')) : Promise.resolve();
      return { admitted: true, enrolledBy: 'loopback', durable: stored };
    },
  };
}

/** Issues tokens, but for `evil`. */
function faultyTokens(fault: Fault): ResumeTokens {
  const tokens = new ResumeTokens({ crypto: nativeCrypto, random: systemRandom, key: systemRandom(32) });
  const issue = tokens.issue.bind(tokens);
  tokens.issue = (agent, ...rest) => {
    if (agent.agentId === 'evil' && fault.startsWith('accept')) throw new TypeError('planted in issue');
    return issue(agent, ...rest);
  };
  return tokens;
}

/** Listens with connections whose dependencies have a fault. @returns the port. */
async function serve(fault: Fault): Promise<number> {
  const limits = limitsOf('default');
  const stream = new PassThrough().on('data', (chunk: Buffer) => (log += chunk.toString()));
  const handlers = new ServerHandlers(new Permissions([]));
  handlers.set.fallback = echo;
  connections = new Connections({
    limits,
    backlog: new Backlog({ bytesMax: 1_000_000, connectionBytesMax: 1_000_000 }),
    inbound: new InboundBudget(1_000_000),
    gate: new ConnectionGate(limits, { descriptorsMax: 1_000 }),
    admission: faultyAdmission(fault) as Admission,
    resumeTokens: faultyTokens(fault),
    handlers,
    bans: { addressWaitMs: () => 0, find: () => undefined },
    attach: () => undefined,
    log: createLogger({ level: 'debug', json: true, stream }),
    wallClock: Date.now,
    sessionSettings: () => settings,
    onConnected: () => undefined,
    onEnrolled: () => undefined,
    onRefused: () => undefined,
    onDisconnected: () => undefined,
  });
  const settings = {
    environment: createEnvironment(),
    identity: newIdentity().static,
    suites: suitesFor('pq'),
    limits: limits.session,
    announced: limits.announced,
    build: 'faulty',
    successions: [],
  };
  listener = createServer((socket) => connections.take(socket)).listen(0, '127.0.0.1');
  await new Promise((resolve) => listener.once('listening', resolve));
  return (listener.address() as { port: number }).port;
}

describe('a fault while an agent is admitted', () => {
  it.each<[Fault, string, number]>([
    ['decide', 'truncated', 1],
    ['store', 'E_BUSY', 0],
    ['accept at once', 'truncated', 1],
    ['accept later', 'truncated', 1],
  ])('rules 2, 3: in %s costs that connection only, and is told in the log', async (fault, end, faults) => {
    const port = await serve(fault);
    const before = await TestAgent.open({ port, agentId: 'before' });
    expect(await outcome({ port, agentId: 'evil' })).toBe(end);
    expect((await before.channel.request('echo', 'still here')).text()).toBe('still here');
    const after = await TestAgent.open({ port, agentId: 'after' });
    expect((await after.channel.request('echo', 'me too')).text()).toBe('me too');
    await eventually('the socket is gone', () => connections.all.size === 2);
    expect(connections.totals.faults).toBe(faults);
    expect(connections.roster.agentCount).toBe(2);
    expect(connections.gateCounts).toMatchObject({ connections: 2, unauthenticated: 0 });
    expect(log).toContain('planted in');
    for (const agent of [before, after]) await agent.close();
    expect(rejections).toEqual([]);
  });
});
