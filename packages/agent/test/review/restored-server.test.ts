/** A server whose machine is set back to a snapshot: it has an older past, and does not know. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, jest } from '@jest/globals';
import { connect, type Agent } from '../../src/index.ts';
import { Workbench } from '../processes.ts';

jest.setTimeout(60_000);

let bench = new Workbench();
const agents: Agent[] = [];

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
  await bench.dispose();
  bench = new Workbench();
});

it('M10 E9: events of a server that was set back to a snapshot are delivered, though their sequences were done before', async () => {
  const dataDir = bench.directory();
  const snapshot = join(bench.directory(), 'snapshot');
  const inbox = bench.directory();
  const outbox = bench.directory();
  let server = await bench.serve({ dataDir });
  const { port } = server;
  const got: string[] = [];
  const comes = async (id: string, dataDirectory: string): Promise<Agent> => {
    const agent = await connect({ server: `127.0.0.1:${port}`, id, dataDir: dataDirectory });
    agents.push(agent);
    return agent;
  };
  const take = async (count: number): Promise<void> => {
    const taker = await comes('taker', inbox);
    const all = Promise.withResolvers<undefined>();
    await taker.subscribe('news', (event) => {
      got.push(event.text());
      if (got.length >= count) all.resolve(undefined);
    }).ready;
    if (got.length < count) await Promise.race([all.promise, new Promise((resolve) => setTimeout(resolve, 10_000))]);
    await taker.close();
  };
  const publish = async (...texts: readonly string[]): Promise<void> => {
    const publisher = await comes('publisher', outbox);
    for (const text of texts) await publisher.publish('topic:news', text);
    await publisher.close();
  };
  const again = async (): Promise<void> => {
    server = await bench.serve({ dataDir, port });
  };
  await take(0);
  await publish('1', '2');
  await take(2);
  server.program.kill('SIGTERM');
  await server.program.ended;
  cpSync(dataDir, snapshot, { recursive: true });
  await again();
  await publish('3', '4', '5');
  await take(5);
  server.program.kill('SIGKILL');
  await server.program.ended;
  rmSync(dataDir, { recursive: true });
  cpSync(snapshot, dataDir, { recursive: true });
  await again();
  await publish('6', '7');
  await take(7);
  expect(got.slice(0, 5)).toEqual(['1', '2', '3', '4', '5']);
  expect(got.slice(5)).toEqual(expect.arrayContaining(['6', '7']));
});
