/** kill -9 of the server under load, again and again: what has a receipt is delivered, in order, and nothing else is. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentPrograms, Load, RunLog } from '@sealane/node/testing';
import { ServerProcess } from '../server-process.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { AGENT_COMMAND } from './agent-command.ts';

jest.setTimeout(900_000);

const isLong = process.env['TEST_LONG_KILLS'] === '1';
const KILLS = isLong ? 30 : 5;
/** Of each publisher: always some on the way when it is killed; many where there is time for it. */
const LINES_PER_SECOND = isLong ? 1_250 : 250;
/** Receipts between two kills. */
const RECEIPTS = isLong ? 200 : 100;
if (!isLong) console.warn(`SKIPPED 30 kills of the server, ${KILLS} are done: TEST_LONG_KILLS=1 does all`);

let directory = '';
let agents: AgentPrograms;
let server: ServerProcess | undefined;

beforeEach(() => {
  directory = temporaryDirectory();
  agents = new AgentPrograms(AGENT_COMMAND);
});
afterEach(async () => {
  await agents.dispose();
  await server?.end('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

describe('kill -9 of the server', () => {
  it(`R1, 2.0.10, 2.0.11: ${KILLS} times under load: every receipt is delivered, in order, none is made up`, async () => {
    const words = ['--data-dir', directory, '--admin-port', 'off', '--log-level', 'error'];
    server = await ServerProcess.start(words);
    const { port } = server;
    const log = new RunLog();
    const all = await agents.listen(port, 'all', ['--topic', 'load.>']);
    const some = await agents.listen(port, 'some', ['--topic', 'load.*']);
    const load = new Load(agents, {
      ports: [port],
      log,
      to: [
        ['--topic', 'load.a'],
        ['--topic', 'load.b'],
      ],
      linesPerSecond: LINES_PER_SECOND,
    });
    for (let kill = 0; kill < KILLS; kill++) {
      const before = load.receipts;
      for (let wait = 0; load.receipts < before + RECEIPTS && wait < 1_500; wait++) await sleep(20);
      expect(load.receipts).toBeGreaterThan(before);
      await sleep(Math.random() * 300);
      await server.end('SIGKILL');
      server = await ServerProcess.start(words, { port });
    }
    const receipts = await load.end();
    expect(receipts).toBeGreaterThan(KILLS * RECEIPTS);
    for (const listener of [all, some]) await listener.until('delivery', receipts, 120_000);
    await sleep(500);
    log.deliveries('load.>', all.lines);
    log.deliveries('load.*', some.lines);
    expect(log.check()).toEqual([]);
    if (isLong) process.stdout.write(`${KILLS} kills: ${JSON.stringify(log.totals)}\n`);
    expect((await server.end()).code).toBe(0);
  });
});
