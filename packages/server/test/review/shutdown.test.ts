/** The end of a server whose queues are long. */
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, it } from '@jest/globals';
import { EventAgent } from '../delivery/event-agent.ts';
import { newIdentity } from '../test-agent.ts';
import { ServerProcess } from '../server-process.ts';
import { eventually } from '../eventually.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const EVENTS = 6_000;
const ENDS_WITHIN_MS = 15_000;

let directory: string;

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the end of a server', () => {
  it('O1: a server in which thousands of events wait ends with SIGTERM, and has them when it comes back', async () => {
    directory = temporaryDirectory();
    const server = await ServerProcess.start(['--data-dir', directory]);
    const about = { agentId: 'bob', identity: newIdentity() };
    const agent = await EventAgent.open({ port: server.port, ...about });
    await agent.subscribe('a.>');
    agent.agent.session.unsubscribe(1, false);
    await agent.openProducer();
    for (let number = 1; number <= EVENTS; number++) {
      agent.publish(number, 'topic:a.b');
      if (number % 1_000 === 0) {
        agent.agent.wake();
        await eventually(`${number} receipts`, () => agent.stored === number);
      }
    }
    const killer = setTimeout(() => server.child.kill('SIGKILL'), ENDS_WITHIN_MS);
    expect((await server.end()).code).toBe(0);
    clearTimeout(killer);
    const next = await ServerProcess.start(['--data-dir', directory]);
    const again = await EventAgent.open({ port: next.port, ...about });
    again.onEvent = (event) => again.ack(event);
    expect(await again.subscribe('a.>')).toMatchObject({ cursor: 0, waiting: EVENTS });
    await eventually('all events', () => again.events.length === EVENTS, 10_000);
    expect(again.events.every(({ sequence, attempt }, index) => sequence === index + 1 && attempt === 1)).toBe(true);
    await next.end('SIGKILL');
  }, 60_000);
});
