/** More and more agents, each under an id of its own, come and go: what a server shows and holds of them stays as small as it was. */
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { TestAdmin } from '../admin/test-admin.ts';
import { EventAgent } from '../delivery/event-agent.ts';
import { eventually } from '../test-server.ts';

const AT_ONCE = 20;
const ROUNDS = 10;
/** What an answer may have, with any number of agents. */
const BYTES_MAX = 65_536;
/** Gauges of what is there for an agent while it is connected. */
const OF_CONNECTED = ['sealane_connections', 'sealane_inbound_bytes', 'sealane_relays'];

let admin: TestAdmin;
beforeEach(async () => {
  admin = await TestAdmin.start();
});
afterEach(async () => {
  await admin.stop();
});

/** They are all there at one time, ask, take events of a topic, and go. */
async function comeAndGo(round: number): Promise<void> {
  const { library, port } = admin.server;
  const agents = await Promise.all(
    Array.from({ length: AT_ONCE }, (_, index) => EventAgent.open({ port, agentId: `many-${round}-${index}` })),
  );
  for (const agent of agents) {
    await agent.subscribe('of.many');
    expect((await agent.agent.channel.request('echo', 'hi')).text()).toBe('hi');
  }
  expect(library.agents()).toHaveLength(AT_ONCE);
  expect(library.delivery.subscriptionCount).toBe(AT_ONCE);
  // One half says goodbye, the other one is cut.
  for (const [index, { agent }] of agents.entries()) {
    if (index % 2 === 0) await agent.close();
    else agent.destroy();
  }
  await eventually('all are gone', () => library.agents().length === 0 && library.delivery.subscriptionCount === 0);
}

async function metrics(): Promise<string> {
  return (await admin.ask('/metrics')).text;
}
const namesIn = (text: string): readonly string[] => text.split('\n').map((line) => line.replace(/(^[^# ]+) .*/, '$1'));
const gaugesIn = (text: string): readonly number[] =>
  text
    .split('\n')
    .filter((line) => OF_CONNECTED.some((name) => line.startsWith(name)))
    .map((line) => Number(line.split(' ').at(-1)));

it('O4: agents come and go under ever new ids: the metrics do not grow, name none, and nothing of a connection is left', async () => {
  await comeAndGo(0);
  const after = await metrics();
  for (let round = 1; round < ROUNDS; round++) await comeAndGo(round);
  let last = '';
  await eventually('nothing of a connection is left', async () => {
    last = await metrics();
    const gauges = gaugesIn(last);
    return gauges.length >= OF_CONNECTED.length && gauges.every((value) => value === 0);
  });
  expect(namesIn(last)).toEqual(namesIn(after));
  expect(last.length).toBeLessThan(BYTES_MAX);
  expect(last).not.toContain('many-');
}, 120_000);
