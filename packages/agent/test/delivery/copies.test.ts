/** E9: a data directory that was copied, and is used from both copies: each event is stored, and none for another. */
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type Agent } from '../../src/index.ts';
import { newProducerId } from '../../src/delivery/lanes.ts';
import { SqliteOutbox } from '../../src/delivery/sqlite-outbox.ts';
import { SqliteThread } from '../../src/delivery/sqlite-thread.ts';
import { sampleEvent } from '../../src/delivery/outbox.compliance.ts';
import { Workbench, type ServerProgram } from '../processes.ts';

jest.setTimeout(60_000);

let bench = new Workbench();
const agents: Agent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await bench.dispose();
  bench = new Workbench();
});

async function come({ port }: ServerProgram, dataDir: string, id: string): Promise<Agent> {
  const agent = await connect({ server: `127.0.0.1:${port}`, dataDir, id });
  agents.push(agent);
  return agent;
}

/** What a listener was sent by the time that it has `count` events, and shortly after. */
async function listen(server: ServerProgram, dataDir: string, count: number): Promise<readonly string[]> {
  const got: string[] = [];
  const listener = await come(server, dataDir, 'listener');
  const all = Promise.withResolvers<undefined>();
  const subscription = listener.subscribe('ticks', (event) => {
    got.push(`${event.text()} ${event.id}`);
    if (got.length >= count) all.resolve(undefined);
  });
  await subscription.ready;
  if (count > 0) await all.promise;
  // What was done is told, not only written down.
  await subscription.unsubscribe();
  await listener.close();
  return got;
}

/** Publishes the same text some times, from a connection of its own. */
async function tick(server: ServerProgram, dataDir: string, count: number): Promise<void> {
  const agent = await come(server, dataDir, 'machine');
  for (let left = count; left > 0; left--) await agent.publish('topic:ticks', 'tick');
  await agent.close();
}

describe('a copied data directory', () => {
  it('E9, E11: copies that publish in turns, always the same text: all of it is stored, under ids of its own', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const [machine, clone, listener] = [bench.directory(), bench.directory(), bench.directory()];
    await listen(server, listener, 0);
    await tick(server, machine, 2);
    cpSync(machine, clone, { recursive: true });
    for (let round = 0; round < 3; round++) {
      await tick(server, machine, 3);
      await tick(server, clone, 2);
    }
    const got = await listen(server, listener, 17);
    expect(got).toHaveLength(17);
    expect(new Set(got).size).toBe(17);
  });

  it('E9, E11: an event that one copy had marked as sent, while the other sent its own, is stored all the same', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const [machine, clone, listener] = [bench.directory(), bench.directory(), bench.directory()];
    await listen(server, listener, 0);
    await tick(server, machine, 1);
    cpSync(machine, clone, { recursive: true });
    // The connection was lost after the outbox had taken note that it sends, and before it did.
    const thread = new SqliteThread();
    const file = join(machine, 'outbox', 'lane-1.sqlite');
    const about = { thread, file, newProducerId, wallClock: Date.now, onIncident: () => undefined };
    const lane = await SqliteOutbox.open(about);
    await lane.useSending(true);
    for (const text of ['of the machine', 'another one'])
      await lane.add(sampleEvent(text, { to: 'topic:ticks' })).added;
    await lane.close();
    await tick(server, clone, 3);
    // Its numbers stand for events of the clone by now, or lie below what that has settled.
    for (let round = 0; round < 2; round++) await tick(server, machine, 1);
    const got = await listen(server, listener, 8);
    expect(got.map((line) => line.replace(/ \S+$/, '')).sort()).toEqual([
      ...['another one', 'of the machine', 'tick', 'tick', 'tick', 'tick', 'tick', 'tick'],
    ]);
    expect(new Set(got).size).toBe(8);
  });

  it('E9, E5: of two copies of an inbox each takes up where the agent is; nothing is left out, nothing handled twice', async () => {
    const server = await bench.serve({ dataDir: bench.directory() });
    const [machine, clone, sender] = [bench.directory(), bench.directory(), bench.directory()];
    await listen(server, machine, 0);
    await tick(server, sender, 5);
    const first = await listen(server, machine, 5);
    cpSync(machine, clone, { recursive: true });
    const all = [...first];
    for (const [index, directory] of [machine, clone, clone, machine, clone].entries()) {
      await tick(server, sender, index + 1);
      all.push(...(await listen(server, directory, index + 1)));
    }
    expect(all).toHaveLength(20);
    expect(new Set(all).size).toBe(20);
  });
});
