/** Agents that are killed or stopped between receive and ack, a server that is stopped for a while: nothing is lost. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentProgram, AgentPrograms, type Line, Load, RunLog } from '@sealane/node/testing';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { AGENT_COMMAND } from './agent-command.ts';

jest.setTimeout(300_000);

const LISTENER_KILLS = 4;
/** Events are always on the way, and the test waits for what is killed, not for processor time. */
const LINES_PER_SECOND = 100;
/** Deliveries that show a load, or that it goes on. */
const SHOWS_LOAD = 50;
/** Longer than the heartbeats need to notice a peer that is gone. */
const PAUSE_MS = 6_000;

let directory = '';
let agents: AgentPrograms;
let server: ServerProcess;

beforeEach(async () => {
  directory = temporaryDirectory();
  agents = new AgentPrograms(AGENT_COMMAND);
  server = await ServerProcess.start(['--data-dir', directory, '--admin-port', 'off', '--log-level', 'warn']);
});
afterEach(async () => {
  await agents.dispose();
  await server.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const idsOf = (program: AgentProgram): readonly unknown[] => program.of('delivery').map(({ id }) => id);

async function publish(topic: string, count: number, log: RunLog): Promise<readonly Line[]> {
  const publisher = agents.start(server.port, 'publisher', ['publish', '--topic', topic, '--stdin-lines']);
  for (let number = 1; number <= count; number++) {
    log.publish(`publisher-${number}`);
    publisher.child.stdin.write(`publisher-${number}\n`);
  }
  publisher.child.stdin.end();
  expect(await publisher.ended).toBe(0);
  log.receipts(publisher.lines);
  return publisher.of('receipt');
}

describe('kill -9 of agents', () => {
  it('R2: between receive and ack: all that was not acked comes again, as attempt 2, in order', async () => {
    const log = new RunLog();
    const first = await agents.listen(server.port, 'ear', ['--topic', 'work', '--manual-ack']);
    await publish('work', 50, log);
    await first.until('delivery', 50);
    const done = idsOf(first).slice(0, 10);
    first.child.stdin.write(done.map((id) => `ack ${String(id)}\n`).join(''));
    await sleep(3_000);
    await first.kill();
    const second = await agents.listen(server.port, 'ear', ['--topic', 'work']);
    await second.until('delivery', 40);
    await sleep(500);
    log.deliveries('work', [...first.lines, ...second.lines]);
    expect(log.check()).toEqual([]);
    expect(idsOf(second)).toEqual(idsOf(first).slice(10));
    expect(second.of('delivery').map(({ attempt }) => attempt)).toEqual(Array.from({ length: 40 }, () => 2));
  });

  it(`R2: ${LISTENER_KILLS} times kill -9 of a listener under load: what has a receipt was delivered, in order`, async () => {
    const log = new RunLog();
    const printed: Line[] = [];
    let ear = await agents.listen(server.port, 'ear', ['--topic', 'load']);
    const load = new Load(agents, {
      ports: [server.port],
      log,
      to: [['--topic', 'load']],
      linesPerSecond: LINES_PER_SECOND,
    });
    for (let kill = 0; kill < LISTENER_KILLS; kill++) {
      await ear.until('delivery', SHOWS_LOAD);
      await ear.kill();
      printed.push(...ear.lines);
      ear = await agents.listen(server.port, 'ear', ['--topic', 'load']);
    }
    const receipts = await load.end();
    const isComplete = (): boolean =>
      new Set([...printed, ...ear.lines].flatMap(({ event, id }) => (event === 'delivery' ? [id] : []))).size >=
      receipts;
    await eventually('all delivered', isComplete, 60_000);
    log.deliveries('load', [...printed, ...ear.lines]);
    expect(log.check()).toEqual([]);
  });

  it('R2, 2.0.11: kill -9 of a publisher: what it had taken goes out with the next one, once, in order', async () => {
    const log = new RunLog();
    const ear = await agents.listen(server.port, 'ear', ['--topic', 'load']);
    const cut = agents.start(server.port, 'publisher', ['publish', '--topic', 'load', '--stdin-lines']);
    for (let number = 1; number <= 3_000; number++) {
      log.publish(`publisher-${number}`);
      cut.child.stdin.write(`publisher-${number}\n`);
    }
    await cut.until('receipt', 100);
    await cut.kill();
    log.receipts(cut.lines);
    log.publish('publisher-3001');
    const next = agents.start(server.port, 'publisher', ['publish', '--topic', 'load', '--payload', 'publisher-3001']);
    expect(await next.ended).toBe(0);
    await eventually('the last one', () => ear.lines.some(({ payload }) => payload === 'publisher-3001'), 30_000);
    log.deliveries('load', ear.lines);
    expect(log.check()).toEqual([]);
    const payloads = ear.of('delivery').map(({ payload }) => payload);
    expect(payloads.slice(0, -1)).toEqual(
      Array.from({ length: payloads.length - 1 }, (_, at) => `publisher-${at + 1}`),
    );
  });

  it('B11: the server is stopped for a while under load: agents stay or come back, nothing is lost', async () => {
    const log = new RunLog();
    const ear = await agents.listen(server.port, 'ear', ['--topic', 'load']);
    const load = new Load(agents, {
      ports: [server.port],
      log,
      to: [['--topic', 'load']],
      linesPerSecond: LINES_PER_SECOND,
    });
    await ear.until('delivery', SHOWS_LOAD);
    server.child.kill('SIGSTOP');
    await sleep(PAUSE_MS);
    server.child.kill('SIGCONT');
    await ear.until('delivery', ear.of('delivery').length + SHOWS_LOAD);
    const receipts = await load.end();
    await ear.until('delivery', receipts);
    log.deliveries('load', ear.lines);
    expect(log.check()).toEqual([]);
  });

  it('R12: a member of a group is stopped: after the wait for its ack its work goes to the others', async () => {
    const log = new RunLog();
    const words = ['--topic', 'work', '--group', 'workers'];
    const stopped = await agents.listen(server.port, 'stopped', words);
    const other = await agents.listen(server.port, 'other', words);
    stopped.child.kill('SIGSTOP');
    await publish('work', 40, log);
    await other.until('delivery', 40, 120_000);
    stopped.child.kill('SIGCONT');
    await sleep(1_000);
    const ids = idsOf(other);
    expect(new Set(ids).size).toBe(40);
    expect(new Set(other.of('delivery').map(({ payload }) => payload)).size).toBe(40);
  });
});
