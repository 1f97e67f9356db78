/** Counted exactly: receipts, what is stored, what is delivered; a long backlog; a handler that always fails. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventAgent } from '../delivery/event-agent.ts';
import { AgentPrograms, RunLog } from '@sealane/node/testing';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { adminApi, type AdminApi } from './admin-api.ts';
import { AGENT_COMMAND } from './agent-command.ts';

jest.setTimeout(600_000);

const isLong = process.env['TEST_LONG_KILLS'] === '1';
const BACKLOG = isLong ? 100_000 : 4_000;
if (!isLong) console.warn(`SKIPPED a backlog of 100,000, ${BACKLOG} are done: TEST_LONG_KILLS=1 does all`);
/** Failures after which an event is a dead letter. */
const FAILURES_MAX = 20;

let directory = '';
let agents: AgentPrograms;
let server: ServerProcess;
let admin: AdminApi;

async function serve(port = 0): Promise<void> {
  server = await ServerProcess.start(['--data-dir', directory, '--admin-port', '0', '--log-level', 'error'], { port });
  admin = adminApi(server, directory);
}

beforeEach(async () => {
  directory = temporaryDirectory();
  agents = new AgentPrograms(AGENT_COMMAND);
  await serve();
});
afterEach(async () => {
  await agents.dispose();
  await server.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function subscribeAndLeave(words: readonly string[]): Promise<void> {
  const ear = await agents.listen(server.port, 'ear', words);
  ear.child.kill('SIGTERM');
  expect(await ear.ended).toBe(0);
}

async function publish(words: readonly string[], count: number, log: RunLog): Promise<void> {
  const publisher = agents.start(server.port, 'publisher', ['publish', '--stdin-lines', ...words]);
  for (let number = 1; number <= count; number++) {
    log.publish(`publisher-${number}`);
    publisher.child.stdin.write(`publisher-${number}\n`);
  }
  publisher.child.stdin.end();
  expect(await publisher.ended).toBe(0);
  log.receipts(publisher.lines);
}

describe('exact counts', () => {
  it('2.0.10, 2.0.11: 1,000 events with receipts are 1,000 stored and 1,000 delivered, also after a kill -9', async () => {
    const log = new RunLog();
    await subscribeAndLeave(['--topic', 'exact']);
    await publish(['--topic', 'exact'], 1_000, log);
    expect(log.receiptCount).toBe(1_000);
    const figures = await admin.metrics();
    expect(figures.get('sealane_messages_published_total')).toBe(1_000);
    await server.end('SIGKILL');
    await serve(server.port);
    const after = await agents.listen(server.port, 'ear', ['--topic', 'exact']);
    expect(after.of('subscribed')[0]).toMatchObject({ waiting: 1_000 });
    await after.until('delivery', 1_000);
    await sleep(1_500);
    expect(after.of('delivery')).toHaveLength(1_000);
    log.deliveries('exact', after.lines);
    expect(log.check()).toEqual([]);
  });

  it(`E5, 2.0.11: ${BACKLOG} events for an agent that is away come in order after a kill -9`, async () => {
    const log = new RunLog();
    await subscribeAndLeave([]);
    await publish(['--to', 'agent:ear'], BACKLOG, log);
    expect(log.receiptCount).toBe(BACKLOG);
    await server.end('SIGKILL');
    await serve(server.port);
    const ear = await agents.listen(server.port, 'ear', []);
    await ear.until('delivery', BACKLOG, 300_000);
    log.deliveries('direct', ear.lines);
    expect(log.check()).toEqual([]);
    const payloads = ear.of('delivery').map(({ payload }) => payload);
    expect(payloads).toEqual(Array.from({ length: BACKLOG }, (_, at) => `publisher-${at + 1}`));
  });

  it('R16, 2.0.6, 2.0.7: a handler that fails for one event: it is a dead letter with its reason, the others flow', async () => {
    const log = new RunLog();
    const agent = await EventAgent.open({ port: server.port, agentId: 'picky' });
    const attempts: number[] = [];
    const acked: string[] = [];
    agent.onEvent = (event) => {
      const payload = new TextDecoder().decode(event.body);
      if (payload !== 'publisher-7') {
        acked.push(payload);
        agent.ack(event);
        return;
      }
      attempts.push(event.attempt);
      agent.agent.session.nackEvent(event.subscription, event.sequence, event.attempt, 1, 'the valve is stuck');
      agent.agent.wake();
    };
    await agent.subscribe('work');
    await publish(['--topic', 'work'], 100, log);
    await eventually('announced', () => agent.skipped.length === 1 && acked.length === 99, 60_000);
    expect(attempts).toEqual(Array.from({ length: FAILURES_MAX }, (_, at) => at + 1));
    expect(acked).toHaveLength(99);
    expect(agent.skipped[0]).toMatchObject({ from: 7, to: 7, reason: 4 });
    const { items } = await admin.get('/v1/dlq');
    expect(items).toEqual([expect.objectContaining({ reason: 'the valve is stuck', attempts: FAILURES_MAX })]);
  });
});
